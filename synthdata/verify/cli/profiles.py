"""The known clients in one table; their facts stand in clients/, a client a file.

A client without an entry here is read by its specification alone, with the defaults of Profile.
"""

import functools
import re
from collections.abc import Mapping
from types import MappingProxyType

from synthdata.verify.cli.clients import docker, gh, git, helm, kubectl, terraform
from synthdata.verify.cli.profile import Profile

# Images whose program takes options of its own, so that what stands behind their names may be meant for it.
OWN_OPTIONS = re.compile(
    r"^(?:postgres|postgis|timescale|mysql|mariadb|percona|redis|valkey|mongo|prometheus|alertmanager|node-exporter|traefik|consul"
    r"|vault|nomad|etcd|minio|haproxy|caddy|envoy|nats|influx|cockroach|vllm|tgi|ollama|curl|ffmpeg|aws-cli|hadolint|git$|node$"
    r"|python$|golang$|ruby$|php$|bash$|busybox$|jupyter|tensorflow|cadvisor|registry$|portainer|watchtower|wrk|hey$|k6$|locust"
    r"|trivy|grype|syft|dive|nmap|stress|openvpn|pihole|plantuml|pandoc|terraform|kubectl|helm|gcloud|loki|tempo|otel|jaeger)",
    re.I,
)

PROFILES: dict[str, Profile] = {
    "docker": docker.PROFILE,
    "gh": gh.PROFILE,
    "git": git.PROFILE,
    "helm": helm.PROFILE,
    "kubectl": kubectl.PROFILE,
    "terraform": terraform.PROFILE,
}
_DEFAULT = Profile()


def get_profile(client: str) -> Profile:
    """Get the facts of a client; the defaults where none are known."""
    return PROFILES.get(client, _DEFAULT)


@functools.cache
def list_programs(clients: tuple[str, ...]) -> Mapping[str, tuple[str, str]]:
    """Map the name of each program that these clients' specifications cover to the client and the path it begins at."""
    programs = {client: (client, "") for client in clients}
    for client in clients:
        profile = get_profile(client)
        programs |= {program: (client, path) for program, path in profile.programs.items()}
        programs |= dict.fromkeys(profile.gone, (client, ""))
    return MappingProxyType(programs)
