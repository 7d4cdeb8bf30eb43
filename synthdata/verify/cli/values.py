"""Is a flag's value one that the client's own parser takes?

Covers the kinds of value that docker, kubectl and others of Go's pflag refuse before any server is asked: numbers, sizes,
durations, ports, mounts, and words of a closed list. Not covered: what only a server can refuse (names of images, drivers,
networks), files that must exist, and kinds not named here, which are taken as they are.
"""

import re
from collections.abc import Callable

# Go's time.ParseDuration
DURATION = re.compile(r"[+-]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)")

# docker/go-units RAMInBytes: a number, and a unit of powers of 1024 written in many ways
SIZE = re.compile(r"-?\d+(\.\d+)? ?([kmgtp]i?b?|b)?|-1", re.I)

# big.Rat's SetString, as `docker run --cpus` uses it
DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?\d+/\d+")

INTEGER = re.compile(r"[+-]?(0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]*|[1-9][\d_]*)")

GIT_INTEGER = re.compile(r"[+-]?\d+[kmg]?", re.I)

BOOLEANS = {"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"}

MOUNT_KEYS = {
    *("type", "source", "src", "target", "dst", "destination", "readonly", "ro", "consistency", "bind-propagation"),
    *("bind-nonrecursive", "bind-recursive", "volume-subpath", "image-subpath", "volume-nocopy", "volume-label"),
    *("volume-driver", "volume-opt", "tmpfs-size", "tmpfs-mode", "bind-create-src"),
}

MOUNT_SWITCHES = {"readonly", "ro", "volume-nocopy", "bind-nonrecursive"}


def check_bool(value: str) -> str:
    return "" if value in BOOLEANS else "true or false"


def check_integer(value: str) -> str:
    return "" if INTEGER.fullmatch(value) else "a whole number"


def check_unsigned(value: str) -> str:
    return "" if INTEGER.fullmatch(value) and value[0] not in "+-" else "a whole number, 0 or more"


def check_uint16(value: str) -> str:
    return check_unsigned(value) or ("" if not value.isdecimal() or int(value) < 65536 else "a number up to 65535")


def check_decimal(value: str) -> str:
    return "" if DECIMAL.fullmatch(value) else "a number"


def check_size(value: str) -> str:
    return "" if SIZE.fullmatch(value) else "a size such as 512m"


def check_duration(value: str) -> str:
    return "" if DURATION.fullmatch(value) else "a duration such as 30s"


def check_port(value: str) -> str:
    """[[address:]host port:]container port[/protocol], ports as numbers or ranges (docker/go-connections nat)."""
    if "=" in value:  # the long form of `docker service create`
        return ""
    ports, _, protocol = value.partition("/")
    if protocol not in ("", "tcp", "udp", "sctp") and protocol.lower() not in ("tcp", "udp", "sctp"):
        return "tcp, udp or sctp after /"
    *host, container = ports.split(":")
    published = host[-1] if host else ""
    for port, needed in ((container, True), (published, False)):
        low, dash, high = port.partition("-")
        for number in (low, high) if dash else (low,):
            if not number and not needed and not dash:
                continue
            if not number.isdecimal() or int(number) > 65535:
                return "a port from 0 to 65535"
    return ""


def check_mount(value: str) -> str:
    keys = set()
    for part in re.findall(r'(?:"[^"]*"|[^,])+', value):
        key, equals, _ = part.strip('"').partition("=")
        key = key.lower()
        if key not in MOUNT_KEYS or (not equals and key not in MOUNT_SWITCHES):
            return "type=…,source=…,target=…"
        keys.add(key)
    return "" if keys & {"target", "dst", "destination"} else "a target"


def check_restart(value: str) -> str:
    name, colon, count = value.partition(":")
    if name not in ("", "no", "always", "on-failure", "unless-stopped") or (colon and not count.isdecimal()):
        return "no, always, on-failure[:N] or unless-stopped"
    return ""


def check_pull(value: str) -> str:
    return "" if value in ("", "always", "missing", "never") else "always, missing or never"


def check_ulimit(value: str) -> str:
    return "" if re.fullmatch(r"\w+=-?\d+(\.\d+)?(:-?\d+(\.\d+)?)?", value) else "name=soft[:hard]"


def check_add_host(value: str) -> str:
    return "" if re.search(r".[:=].", value) else "host:address"


def check_filter(value: str) -> str:
    return "" if "=" in value or not value else "name=value"


def check_container_mode(value: str) -> str:
    return "" if value in ("", "host") or value.startswith("container:") else "host or container:NAME"


def check_dry_run(value: str) -> str:
    return "" if value in ("none", "server", "client", "true", "false", "unchanged") else "none, client or server"


def check_git_integer(value: str) -> str:
    return "" if GIT_INTEGER.fullmatch(value) else "a whole number"


CHECKS: dict[str, Callable[[str], str]] = {
    "bool": check_bool,
    "int": check_integer,
    "uint": check_unsigned,
    "uint16": check_uint16,
    "uint32": check_unsigned,
    "decimal": check_decimal,
    "bytes": check_size,
    "duration": check_duration,
    "port": check_port,
    "mount": check_mount,
    "restart": check_restart,
    "pull": check_pull,
    "ulimit": check_ulimit,
    "filter": check_filter,
    "add-host": check_add_host,
    "container-mode": check_container_mode,
    "dry-run": check_dry_run,
    "git-int": check_git_integer,
}
