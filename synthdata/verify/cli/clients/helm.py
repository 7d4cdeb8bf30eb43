"""What helm does not say of itself."""

from synthdata.verify.cli.profile import Profile, split_words

PROFILE = Profile(
    moved={
        "helm home": "helm env",
        "helm install --name": "the name stands before the chart",
        "helm uninstall --purge": "leave it out: helm 3 keeps nothing",
    },
    nouns=split_words("chart charts cli client hook hooks release releases repository templates"),
    defines=dict.fromkeys(("plugin install", "plugin add"), r".*/helm-([\w-]+?)(?:\.git)?/?"),
    # Plugins, those left out whose names a model may well invent (edit, backup); as with gh, any other word is a problem.
    external=split_words("""
__complete __completeNoDesc 2to3 cm-push conftest dashboard datree diff gcs git images kubeval local-chart-version mapkubeapis nuke
s3 schema schema-gen secrets sigstore sops ssm starter trivy unittest whatup"""),
    newer={
        "--color": "4.0",
        "--colour": "4.0",
        "--content-cache": "4.0",
        "plugin package": "4.0",
        "plugin verify": "4.0",
        "plugin list --type": "4.0",
        **{
            f"{path} --{flag}": "4.0"
            for path in ("install", "upgrade", "template", "rollback")
            for flag in ("force-conflicts", "force-replace", "rollback-on-failure", "server-side")
        },
        **{
            f"{path} --wait {strategy}": "4.0"
            for path in ("install", "upgrade", "template", "rollback", "uninstall")
            for strategy in ("watcher", "legacy", "hookOnly")
        },
        **{
            f"plugin install --{flag}": "4.0"
            for flag in split_words(
                "ca-file cert-file insecure-skip-tls-verify key-file keyring password plain-http username verify"
            )
        },
        "history --show-rollback-revision": "4.2 at the earliest",
        "repo add --timeout": "4.0 at the latest",
        "repo update --timeout": "4.0 at the latest",
        "repo list --no-headers": "4.0 at the latest",
    },
    hidden_flags=split_words("""
canary-image cleanup client execute force-update kube-version name no-update notes parallel purge recreate-pods skip-refresh
stable-repo-url tiller-namespace tls"""),
    environment={"KUBECONFIG": "kubeconfig", "HTTPS_PROXY": "http://127.0.0.1:1"},
)
