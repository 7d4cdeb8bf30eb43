"""What terraform does not say of itself."""

from synthdata.verify.cli.profile import Profile, split_words

PROFILE = Profile(
    grammar="goflag",
    nouns=split_words("""
backend block blocks cli cloud code config configuration data file files module provider registry resource resources
variables workspaces"""),
    moved={
        "terraform apply --force": "-auto-approve",
        "terraform destroy --force": "-auto-approve",
        "terraform state ls": "terraform state list",
    },
    newer={
        "query": "1.14",
        "stacks": "1.13",
        "plan -invoke": "1.14",
        "apply -invoke": "1.14",
        "validate -query": "1.14",
        "test -operation-parallelism": "1.12",
    },
    hidden_flags=split_words("""
allow-deferral allow-missing-config backup cloud force force-copy get get-plugins invoke junit-xml module-depth
operation-parallelism plugin-dir provider query state-out type verify-plugins"""),
    hidden_commands=("env",),
    environment={"CHECKPOINT_DISABLE": "1", "HTTPS_PROXY": "http://127.0.0.1:1"},
)
