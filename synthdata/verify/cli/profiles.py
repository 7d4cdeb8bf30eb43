"""What no client says of itself: the facts of each known client that reading its commands needs, in one place.

A client without an entry here is read by its specification alone, with the defaults below.
"""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Profile:
    """Facts of one client, beside its specification.

    grammar: how its words are read (cli/grammar.py), and so how it is crawled.
    programs: other programs that its specification covers, each with the command path it begins at.
    gone: programs that no longer exist, with what took their place.
    successors: deprecated flags, with what to write instead. moved: commands and flags that went elsewhere.
    kinds: what a flag of this name takes where the help says only "string" or "list".
    argument_kinds: what the first argument of a command is.
    inherits: commands that hand their options on to others, whose flags they take too.
    subcommands: names that a usage text gives as words, so that no crawl finds them.
    instead: flags that stand in for arguments.
    alias_prefix: how a word begins that defines an alias (`git config alias.NAME`).
    defines: commands that define names for commands of the client, each with the pattern of the word that does, whose group is
    the name (`gh extension install OWNER/gh-NAME`). hands_on: commands that hand on to another program what stands behind `--`.
    broadest: the group whose command is meant where a name that does not stand alone stands in several (`docker prune`).
    by_name: of the commands that start another program, those whose first argument is no image but the name that its user gave.
    late_values: flags of such commands whose letters mean something to many programs, each with the pattern of a value that
    was meant for the client.
    nouns: words that name a thing of the client's where a sentence has them behind its name (`helm chart`).
    external: commands of packages installed apart. newer: names added after the version of the specification, each with the path
    of its command, or a flag alone where every command has it; and values ("install --wait watcher").
    hidden_flags, hidden_commands: names that a crawler tries although no help lists them.
    environment: keeps the client from any server while it is asked. plugin_folder: where it looks for plugins in its home.
    """

    grammar: str = "pflag"
    programs: dict[str, str] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    successors: dict[str, str] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    argument_kinds: dict[str, str] = field(default_factory=dict)
    inherits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    subcommands: dict[str, tuple[str, ...]] = field(default_factory=dict)
    instead: frozenset[str] = frozenset()
    alias_prefix: str = ""
    defines: dict[str, str] = field(default_factory=dict)
    hands_on: tuple[str, ...] = ()
    broadest: str = ""
    by_name: tuple[str, ...] = ()
    late_values: dict[str, str] = field(default_factory=dict)
    nouns: tuple[str, ...] = ()
    external: tuple[str, ...] = ()
    newer: dict[str, str] = field(default_factory=dict)
    hidden_flags: tuple[str, ...] = ()
    hidden_commands: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    plugin_folder: str = ""


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_IMAGE_COMMANDS = (
    "container run", "container create", "image pull", "image push", "image rm", "image inspect", "image history",
    "image save", "image tag", "manifest inspect",
)  # fmt: skip

# Images whose program takes options of its own, so that what stands behind their names may be meant for it.
OWN_OPTIONS = re.compile(
    r"^(?:postgres|postgis|timescale|mysql|mariadb|percona|redis|valkey|mongo|prometheus|alertmanager|node-exporter|traefik|consul"
    r"|vault|nomad|etcd|minio|haproxy|caddy|envoy|nats|influx|cockroach|vllm|tgi|ollama|curl|ffmpeg|aws-cli|hadolint|git$|node$"
    r"|python$|golang$|ruby$|php$|bash$|busybox$|jupyter|tensorflow|cadvisor|registry$|portainer|watchtower|wrk|hey$|k6$|locust"
    r"|trivy|grype|syft|dive|nmap|stress|openvpn|pihole|plantuml|pandoc|terraform|kubectl|helm|gcloud|loki|tempo|otel|jaeger)",
    re.I,
)

PROFILES = {
    "docker": Profile(
        programs={"docker-compose": "compose"},
        gone={"docker-machine": "docker context"},
        successors={
            "net": "--network",
            "net-alias": "--network-alias",
            "time": "--timeout",
            "volume": "--volumes",
            "y": "--yes",
        },
        moved={"docker scan": "docker scout", "docker deploy": "docker stack deploy"},
        kinds={
            "publish": "port",
            "restart": "restart",
            "pull": "pull",
            "memory-swappiness": "int",
            "add-host": "add-host",
            "pid": "container-mode",
            "gpus": "gpus",
            "dns": "ip",
            "userns": "userns",
            "uts": "host-mode",
            "tag": "reference",
            "expose": "expose",
            "ip": "ip",
            "ip6": "ip",
            "cgroupns": "cgroupns",
            "mac-address": "mac",
            "ulimit": "ulimit",
        },
        argument_kinds=dict.fromkeys(_IMAGE_COMMANDS, "reference"),
        broadest="system",
        by_name=("container exec",),
        late_values={
            "publish": r"[\d.:-]*\d+:\d+(/\w+)?",
            "volume": r"[^:]+:/.*",
            "env": r"\w+=.*",
            "network": r".+",
            "name": r".+",
        },
        external=_split(
            """ai cagent cloud debug desktop extension feedback init mcp model offload pass sandbox sbom scout"""
        ),
        hidden_flags=_split("""
all builder compress config cpu-period cpu-quota cpu-shares cpuset-cpus cpuset-mems detach detach-keys details
dns-opt disable-content-trust email entrypoint filter force-rm hash index insecure-registry interactive invoke
isolation keep-storage kernel-memory last memory memory-swap metadata-file name net net-alias network no-ansi
no-cache-filter no-rm on orchestrator output parallel print progress quiet registry-mirror rm root rootless
secret security-opt squash ssh stream time tty ulimit use-api-socket verbose volume workdir y"""),
        hidden_commands=_split("attestation checkpoint convert dap desktop dial-stdio engine publish remote scan viz"),
        environment={"DOCKER_HOST": "tcp://127.0.0.1:1"},
        plugin_folder=".docker/cli-plugins",
    ),
    "gh": Profile(
        # An unknown word may be an extension or an alias of somebody's. gh itself refuses it, and models invent more commands
        # than they know extensions: it is a problem unless it is known here, or installed or defined in the same answer. Help
        # topics pass too. Extensions whose names a model may well invent (milestone, branch, worktree) are left out.
        defines={
            "alias set": r"([\w-]+(?: [\w-]+)*)",
            **dict.fromkeys(("extension install", "extensions install", "ext install"), r".*/gh-([\w-]+?)(?:\.git)?"),
        },
        nouns=("cli", "actions"),
        hands_on=("repo clone", "repo fork", "gist clone", "codespace ssh", "codespace cp"),
        external=_split("""
a11y accessibility actions environment exit-codes formatting mintty reference telemetry
act actions-importer ado2gh aw bbs2gh cal classroom clean-branches codeql combine-prs contribs dash eco f gei gr grep
markdown-preview metrics migration-monitor models ost poi prx q repo-collab repo-stats s screensaver skyline stack sub-issue tidy
user-status valet webhook"""),
        hidden_flags=_split("confirm enable-issues enable-wiki internal private public team yes"),
        hidden_commands=_split("actions credits garden git-credential version"),
        environment={
            "GH_PROMPT_DISABLED": "1",
            "GH_TELEMETRY": "0",
            "GH_NO_UPDATE_NOTIFIER": "1",
            "HTTPS_PROXY": "http://127.0.0.1:1",
        },
    ),
    "git": Profile(
        grammar="git",
        alias_prefix="alias.",
        inherits={
            "stash": ("stash push",),
            "difftool": ("diff",),
            "submodule summary": ("diff",),
            "bundle create": ("rev-list", "log"),
            "fast-export": ("rev-list", "log"),
            "request-pull": ("diff",),
        },
        subcommands={
            "credential": ("fill", "approve", "reject", "capability"),
            "credential-cache": ("exit",),
            "rerere": ("clear", "forget", "diff", "remaining", "status", "gc"),
            "bundle": ("create", "verify", "list-heads", "unbundle"),
            "notes": ("list", "add", "copy", "append", "edit", "show", "merge", "remove", "prune", "get-ref"),
            "submodule": (
                "init",
                "deinit",
                "update",
                "summary",
                "foreach",
                "sync",
                "absorbgitdirs",
                "set-branch",
                "set-url",
            ),
            "subtree": ("add", "merge", "split", "pull", "push"),
            "bisect": _split("start bad new good old terms skip next reset visualize view replay log run"),
            "http-fetch": (),
            "quiltimport": (),
            "instaweb": ("start", "stop", "restart"),
        },
        external=_split("""
annex archimport citool crypt cvsexportcommit cvsimport cvsserver extras filter-repo flow gui gui--askpass
gitk instaweb k lfs p4 review secret send-email svn standup town"""),
        newer={
            "show-ref --branches": "2.46",
            "replay": "2.44",
            "refs": "2.46",
            "backfill": "2.49",
            "diff-pairs": "2.50",
            "last-modified": "2.52",
            "repo": "2.52",
            "history": "2.53",
            "refs migrate": "2.46",
            "refs verify": "2.46",
            "refs list": "2.51",
            "refs exists": "2.52",
            "refs optimize": "2.52",
            "show-ref --exists": "2.43",
            "clone --revision": "2.49",
            "clone --ref-format": "2.45",
            "init --ref-format": "2.45",
            "config list": "2.46",
            "config get": "2.46",
            "config set": "2.46",
            "config unset": "2.46",
            "config rename-section": "2.46",
            "config remove-section": "2.46",
            "config edit": "2.46",
            "config --comment": "2.45",
            "config --show-names": "2.46",
            "config --value": "2.46",
            "config --all": "2.46",
            "config --regexp": "2.46",
            "config --append": "2.46",
            "config --url": "2.46",
            "fetch --porcelain": "2.41",
            "branch --omit-empty": "2.42",
            "tag --omit-empty": "2.42",
            "for-each-ref --omit-empty": "2.42",
            "for-each-ref --include-root-refs": "2.45",
            "for-each-ref --start-after": "2.51",
            "merge-tree --merge-base": "2.40",
            "merge-tree --stdin": "2.40",
            "merge-tree --quiet": "2.50",
            "worktree add --orphan": "2.42",
            "worktree repair --relative-paths": "2.48",
            "worktree add --relative-paths": "2.48",
            "worktree move --relative-paths": "2.48",
            "pack-refs --include": "2.42",
            "pack-refs --exclude": "2.42",
            "pack-refs --auto": "2.45",
            "cherry-pick --empty": "2.45",
            "add --renormalize": "2.16",
            "push --branches": "2.46",
            "ls-remote --branches": "2.46",
            "log --remerge-diff": "2.35",
            "cat-file -Z": "2.42",
            "stash export": "2.51",
            "stash import": "2.51",
            "maintenance is-needed": "2.52",
            "reflog list": "2.45",
            "reflog write": "2.51",
            "reflog drop": "2.50",
            "sparse-checkout check-rules": "2.41",
            "sparse-checkout clean": "2.52",
            "bundle create --version": "2.31",
            "rebase --reset-author-date": "2.29",
            "diff --max-depth": "2.52",
            "range-diff --diff-merges": "2.49",
            "commit --trailer": "2.32",
            "gc --max-cruft-size": "2.43",
            "repack --max-cruft-size": "2.43",
            "repack --filter": "2.43",
            "repack --filter-to": "2.43",
            "rev-list --missing": "2.16",
            "survey": "2.47",
            "var --list": "1.5",
            "submodule add --ref-format": "2.46",
            "check-mailmap --mailmap-file": "2.47",
            "check-mailmap --mailmap-blob": "2.47",
        },
        environment={"GIT_CONFIG_NOSYSTEM": "1"},
    ),
    "helm": Profile(
        moved={
            "helm home": "helm env",
            "helm install --name": "the name stands before the chart",
            "helm uninstall --purge": "leave it out: helm 3 keeps nothing",
        },
        nouns=_split("chart charts cli client hook hooks release releases repository templates"),
        defines=dict.fromkeys(("plugin install", "plugin add"), r".*/helm-([\w-]+?)(?:\.git)?/?"),
        # Plugins, those left out whose names a model may well invent (edit, backup); as with gh, any other word is a problem.
        external=_split("""
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
                for flag in _split(
                    "ca-file cert-file insecure-skip-tls-verify key-file keyring password plain-http username verify"
                )
            },
            "history --show-rollback-revision": "4.2 at the earliest",
            "repo add --timeout": "4.0 at the latest",
            "repo update --timeout": "4.0 at the latest",
            "repo list --no-headers": "4.0 at the latest",
        },
        hidden_flags=_split("""
canary-image cleanup client execute force-update kube-version name no-update notes parallel purge recreate-pods skip-refresh
stable-repo-url tiller-namespace tls"""),
        environment={"KUBECONFIG": "kubeconfig", "HTTPS_PROXY": "http://127.0.0.1:1"},
    ),
    "kubectl": Profile(
        moved={"kubectl rolling-update": "kubectl rollout"},
        kinds={"dry-run": "dry-run"},
        argument_kinds={"run": ""},
        instead=frozenset(
            {"filename", "kustomize", "all", "raw", "list", "selector", "local", "help", "from-file", "patch-file"}
        ),
        external=_split("""argo cert-manager cnpg ctx df-pv krew neat ns oidc-login stern tree view-secret who-can"""),
        hidden_flags=_split("""all cluster-store container delete-local-data export generator heapster-namespace heapster-port
heapster-scheme heapster-service host-port include-uninitialized limits no-headers record replicas requests
restart schedule service-account serviceaccount short show-all use-openapi-print-columns append-hash
server-dry-run hostport pod generated-name prune-whitelist save-config env port"""),
        hidden_commands=("convert", "kui", "rolling-update", "run-container"),
        environment={"KUBECONFIG": "kubeconfig"},
    ),
    "terraform": Profile(
        grammar="goflag",
        nouns=_split("""
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
        hidden_flags=_split("""
allow-deferral allow-missing-config backup cloud force force-copy get get-plugins invoke junit-xml module-depth
operation-parallelism plugin-dir provider query state-out type verify-plugins"""),
        hidden_commands=("env",),
        environment={"CHECKPOINT_DISABLE": "1", "HTTPS_PROXY": "http://127.0.0.1:1"},
    ),
}
_DEFAULT = Profile()


def get_profile(client: str) -> Profile:
    """Get the facts of a client; the defaults where none are known."""
    return PROFILES.get(client, _DEFAULT)


def list_programs(clients: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Map the name of each program that these clients' specifications cover to the client and the path it begins at."""
    programs = {client: (client, "") for client in clients}
    for client in clients:
        profile = get_profile(client)
        programs |= {program: (client, path) for program, path in profile.programs.items()}
        programs |= dict.fromkeys(profile.gone, (client, ""))
    return programs
