"""Check JSON files: that they parse, and that a daemon.json has only keys that dockerd reads.

The keys are those that moby reads (daemon/config/config.go, config_linux.go and pkg/registry) and those it dropped
since version 17.
"""

import re

import orjson

from synthdata.verify.cli.suggest import suggest_name
from synthdata.verify.problems import Problem

_DAEMON_KEYS = """
allow-direct-routing allow-nondistributable-artifacts api-cors-header authorization-plugins bip bip6 bridge
bridge-accept-fwmark builder cdi-spec-dirs cgroup-parent cluster-advertise cluster-store cluster-store-opts containerd
containerd-namespace containerd-plugin-namespace cpu-rt-period cpu-rt-runtime cri-containerd data-root debug
default-address-pools default-cgroupns-mode default-gateway default-gateway-v6 default-init default-ipc-mode
default-network-opts default-runtime default-shm-size default-ulimits deprecated-key-path disable-legacy-registry dns
dns-opts dns-search exec-opts exec-root experimental features firewall-backend fixed-cidr fixed-cidr-v6 graph group
host-gateway-ip host-gateway-ips hosts icc init init-path insecure-registries ip ip-forward ip-forward-no-drop ip-masq
ip6tables iptables ipv6 labels live-restore log-driver log-format log-level log-opts max-concurrent-downloads
max-concurrent-uploads max-download-attempts metrics-addr mtu network-control-plane-mtu network-diagnostic-port
no-new-privileges node-generic-resources oom-score-adjust pidfile proxies raw-logs registry-mirrors resolv-conf
rootless runtimes seccomp-profile selinux-enabled shutdown-timeout storage-driver storage-opts
swarm-default-advertise-addr swarm-raft-election-tick swarm-raft-heartbeat-tick tls tlscacert tlscert tlskey tlsverify
userland-proxy userland-proxy-path userns-remap
"""

DAEMON_KEYS = frozenset(_DAEMON_KEYS.split())

# Keys whose value is a map of anything; of any other map dockerd reads the keys as if they stood at the top.
_DAEMON_MAPS = "builder cluster-store-opts default-network-opts default-ulimits features log-opts runtimes"

_DAEMON_NESTED = DAEMON_KEYS | {"http-proxy", "https-proxy", "no-proxy"}


def check_json(text: str) -> list[Problem]:
    """Check a JSON text, or several in a row; comments and elisions (`...`) are taken for placeholders."""
    error = _parse_json(text)[1]
    return [error] if error else []


def check_daemon_json(text: str) -> list[Problem]:
    """Check a daemon.json: JSON, and no key that dockerd would refuse."""
    value, error = _parse_json(text)
    if error:
        return [error]
    problems = []
    for key, inner in value.items() if isinstance(value, dict) else ():
        if key not in DAEMON_KEYS:
            unknown = [key]
        else:
            nested = inner if isinstance(inner, dict) and key not in _DAEMON_MAPS.split() else {}
            unknown = [name for name in nested if name not in _DAEMON_NESTED]
        for name in filter(re.compile(r"[A-Za-z][\w-]*").fullmatch, unknown):
            found = re.search(rf'"{re.escape(name)}"\s*:', text)
            line = text.count("\n", 0, found.start()) + 1 if found else 1
            problems.append(Problem("daemon.json key", name, line, suggest_name(name, DAEMON_KEYS)))
    return problems


def _parse_json(text: str) -> tuple[object, Problem | None]:
    plain = re.sub(
        r'("(?:[^"\\\n]|\\.)*")|//[^\n]*|/\*.*?\*/|(?m:^[ \t]*#[^\n]*$)', lambda m: m[1] or "", text, flags=re.S
    )
    plain = re.sub(r":([ \t]*)(?:\.\.\.|…)(?=[ \t]*[,}\]\n])", r":\1null", plain)
    plain = re.sub(r'("(?:[^"\\\n]|\\.)*")|(?:\.\.\.|…)[ \t]*,?', lambda m: m[1] or "", plain)
    plain = re.sub(
        r'("(?:[^"\\\n]|\\.)*")|<[\w .:/-]{1,60}>|\$?\{\{?[\w .-]{1,60}\}?\}', lambda m: m[1] or "null", plain
    )
    plain = re.sub(r",(\s*[}\]])", r"\1", plain) if plain != text else plain
    # A few lines of an object, to be put into a file that is there.
    plain = f"{{{plain}}}" if plain.lstrip().startswith('"') and ":" in plain else plain
    try:
        return orjson.loads(plain), None
    except orjson.JSONDecodeError as cause:
        first = cause
    # Several values, one after another (JSON Lines, or output of two commands), are as good as one.
    values = _parse_values(plain)
    if values is not None:
        return values, None
    # What was left out may have been lines, so the line is only right when nothing was.
    line = min(first.lineno, text.count("\n") + 1)
    shown = text.split("\n")[line - 1].strip()
    return None, Problem("json", shown[:120], line, str(first.msg))


def _parse_values(text: str) -> list[object] | None:
    import json

    decoder, place = json.JSONDecoder(), 0
    values: list[object] = []
    try:
        while text[place:].strip() and len(values) < 100:
            place += len(text[place:]) - len(text[place:].lstrip())
            value, place = decoder.raw_decode(text, place)
            values.append(value)
    except (ValueError, RecursionError):
        return None
    return values if values else None
