"""The values that flags take, checked as the client's own parser does before any server is asked.

Each check returns what would be right, "" where the value is.
"""

import ipaddress
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
    """Check a boolean, as Go's strconv.ParseBool reads it."""
    return "" if value in BOOLEANS else "true or false"


def check_integer(value: str) -> str:
    """Check a whole number, as Go's strconv.ParseInt reads it with any base."""
    return "" if INTEGER.fullmatch(value) else "a whole number"


def check_unsigned(value: str) -> str:
    """Check a whole number without a sign."""
    return "" if INTEGER.fullmatch(value) and value[0] not in "+-" else "a whole number, 0 or more"


def check_uint16(value: str) -> str:
    """Check a whole number of 16 bits."""
    return check_unsigned(value) or ("" if not value.isdecimal() or int(value) < 65536 else "a number up to 65535")


def check_decimal(value: str) -> str:
    """Check a number or a fraction."""
    return "" if DECIMAL.fullmatch(value) else "a number"


def check_size(value: str) -> str:
    """Check an amount of memory."""
    return "" if SIZE.fullmatch(value) else "a size such as 512m"


def check_duration(value: str) -> str:
    """Check a length of time."""
    return "" if DURATION.fullmatch(value) else "a duration such as 30s"


def check_port(value: str) -> str:
    """Check [[address:]host port:]container port[/protocol], ports as numbers or ranges (docker/go-connections, nat)."""
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
    """Check `--mount`: known keys, and a target among them."""
    keys = set()
    for part in re.findall(r'(?:"[^"]*"|[^,])+', value):
        key, equals, _ = part.strip('"').partition("=")
        key = key.lower()
        if key not in MOUNT_KEYS or (not equals and key not in MOUNT_SWITCHES):
            return "type=…,source=…,target=…"
        keys.add(key)
    return "" if keys & {"target", "dst", "destination"} else "a target"


def check_restart(value: str) -> str:
    """Check a restart policy."""
    name, colon, count = value.partition(":")
    if name not in ("", "no", "always", "on-failure", "unless-stopped") or (colon and not count.isdecimal()):
        return "no, always, on-failure[:N] or unless-stopped"
    return ""


def check_pull(value: str) -> str:
    """Check when an image is pulled."""
    return "" if value in ("", "always", "missing", "never") else "always, missing or never"


def check_ulimit(value: str) -> str:
    """Check a limit of a container's processes."""
    return "" if re.fullmatch(r"\w+=-?\d+(\.\d+)?(:-?\d+(\.\d+)?)?", value) else "name=soft[:hard]"


def check_add_host(value: str) -> str:
    """Check a line for a container's /etc/hosts."""
    return "" if re.search(r".[:=].", value) else "host:address"


def check_filter(value: str) -> str:
    """Check a filter of a list."""
    return "" if "=" in value or not value else "name=value"


def check_container_mode(value: str) -> str:
    """Check a namespace that may be another container's."""
    return "" if value in ("", "host") or value.startswith("container:") else "host or container:NAME"


def check_dry_run(value: str) -> str:
    """Check kubectl's `--dry-run`."""
    return "" if value in ("none", "server", "client", "true", "false", "unchanged") else "none, client or server"


def check_gpus(value: str) -> str:
    """Check `--gpus`, as opts.GpuOpts of docker/cli reads it."""
    known = {"driver", "count", "device", "capabilities", "options"}
    keys = {part.strip("\"'").partition("=")[0] for part in re.findall(r'(?:"[^"]*"|[^,])+', value)}
    ok = (
        value == "all"
        or re.fullmatch(r"-?\d+", value)
        or ("=" in value and all(key in known or key == "all" or key.isdecimal() for key in keys))
    )
    return "" if ok else "all, a number or device=…"


def check_ip(value: str) -> str:
    """Check an IP address of either version."""
    try:
        ipaddress.ip_address(value.strip())
    except ValueError:
        return "an IP address"
    return ""


def check_userns(value: str) -> str:
    """Check a user namespace."""
    return "" if value in ("", "host") else "host"


def check_host_mode(value: str) -> str:
    """Check a namespace that is the host's or the container's own."""
    return "" if value in ("", "host") else "host"


def check_cgroupns(value: str) -> str:
    """Check a cgroup namespace."""
    return "" if value in ("", "host", "private") else "host or private"


def check_expose(value: str) -> str:
    """Check a port or a range of ports, with a protocol."""
    ports, _, protocol = value.partition("/")
    low, _, high = ports.partition("-")
    fine = all(port.isdecimal() and int(port) <= 65535 for port in (low, high or low))
    return "" if fine and protocol.lower() in ("", "tcp", "udp", "sctp") else "a port or a range of ports"


def check_mac(value: str) -> str:
    """Check a MAC address, as Go's net.ParseMAC reads it."""
    ok = re.fullmatch(r"(?:[\da-fA-F]{2}[:-]){5,7}[\da-fA-F]{2}|(?:[\da-fA-F]{4}\.){2,3}[\da-fA-F]{4}", value)
    return "" if ok else "a MAC address"


def check_reference(value: str) -> str:
    """Check an image's name as docker reads it (distribution/reference): lower case, at most one tag, perhaps a digest."""
    if not value or value.isupper() or re.fullmatch(r"(?:sha256:)?[\da-f]{6,64}", value):
        return ""  # IMAGE:TAG stands for a name; an image may be called by its id
    name, at, digest = value.partition("@")
    if at and not re.fullmatch(r"[A-Za-z][\w+.-]*:[\da-fA-F]{32,}", digest):
        # A digest that was shortened with dots is not meant to be typed as it is.
        return "" if "." in digest or "…" in digest else "name@sha256:…"
    domain, slash, path = name.partition("/")
    if not slash or not ("." in domain or ":" in domain or domain == "localhost" or domain != domain.lower()):
        path = name
    elif not re.fullmatch(r"(?:[A-Za-z\d](?:[A-Za-z\d-]*[A-Za-z\d])?\.?)+(?::\d+)?|\[[\da-fA-F:]+\](?::\d+)?", domain):
        return "a name in lower case" if domain != domain.lower() else "name[:tag]"
    elif domain != domain.lower() and "." not in domain and ":" not in domain:
        path = name
    repository, colon, tag = path.partition(":")
    if repository != repository.lower():
        return "a name in lower case"
    if not re.fullmatch(r"[a-z\d]+(?:(?:\.|_|__|-+)[a-z\d]+)*(?:/[a-z\d]+(?:(?:\.|_|__|-+)[a-z\d]+)*)*", repository):
        return "name[:tag]"
    return "" if not colon or re.fullmatch(r"\w[\w.-]{0,127}", tag, re.A) else "name[:tag]"


def check_git_integer(value: str) -> str:
    """Check a whole number, which git takes with a unit."""
    return "" if GIT_INTEGER.fullmatch(value) else "a whole number"


CHECKS: dict[str, Callable[[str], str]] = {
    "bool": check_bool,
    "int": check_integer,
    "uint": check_unsigned,
    "uint16": check_uint16,
    "uint32": check_unsigned,
    "decimal": check_decimal,
    "float32": check_decimal,
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
    "gpus": check_gpus,
    "ip": check_ip,
    "userns": check_userns,
    "host-mode": check_host_mode,
    "cgroupns": check_cgroupns,
    "expose": check_expose,
    "mac": check_mac,
    "reference": check_reference,
}
