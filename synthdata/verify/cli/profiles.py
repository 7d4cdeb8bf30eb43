"""TODO docstring."""

# Other programs that a CLI's specification covers; what is gone belongs to the CLI it came from.
PROGRAMS = {"docker-compose": "docker", "docker-machine": "docker"}

SUCCESSORS = {
    "net": "--network",
    "net-alias": "--network-alias",
    "time": "--timeout",
    "volume": "--volumes",
    "y": "--yes",
}

# What a flag of this name means where the client's help calls it only "string" or "list".
NAMED_KINDS = {
    "docker": {
        "publish": "port",
        "restart": "restart",
        "pull": "pull",
        "memory-swappiness": "int",
        "add-host": "add-host",
        "pid": "container-mode",
    },
    "kubectl": {"dry-run": "dry-run"},
}

MOVED = {
    "docker scan": "docker scout",
    "docker deploy": "docker stack deploy",
    "kubectl rolling-update": "kubectl rollout",
}
