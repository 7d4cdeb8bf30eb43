"""What Docker's client, with compose and buildx, does not say of itself."""

from synthdata.verify.cli.profile import Profile, split_words

_IMAGE_COMMANDS = (
    "container run", "container create", "image pull", "image push", "image rm", "image inspect", "image history",
    "image save", "image tag", "manifest inspect",
)  # fmt: skip


PROFILE = Profile(
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
    external=split_words(
        """ai cagent cloud debug desktop extension feedback init mcp model offload pass sandbox sbom scout"""
    ),
    hidden_flags=split_words("""
all builder compress config cpu-period cpu-quota cpu-shares cpuset-cpus cpuset-mems detach detach-keys details
dns-opt disable-content-trust email entrypoint filter force-rm hash index insecure-registry interactive invoke
isolation keep-storage kernel-memory last memory memory-swap metadata-file name net net-alias network no-ansi
no-cache-filter no-rm on orchestrator output parallel print progress quiet registry-mirror rm root rootless
secret security-opt squash ssh stream time tty ulimit use-api-socket verbose volume workdir y"""),
    hidden_commands=split_words("attestation checkpoint convert dap desktop dial-stdio engine publish remote scan viz"),
    environment={"DOCKER_HOST": "tcp://127.0.0.1:1"},
    plugin_folder=".docker/cli-plugins",
)
