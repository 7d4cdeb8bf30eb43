"""Serving an embedded model: llama.cpp inside this process, on 127.0.0.1 with a random key, until the process ends."""

import os
import secrets
import threading
from pathlib import Path
from typing import Any

from synthdata.base.errors import ModelFileError
from synthdata.base.extras import load_extra
from synthdata.models.local.catalog import LocalModel, choose_slots, count_cores, find_model
from synthdata.models.local.fetch import fetch_model

CONTEXT_TOKENS = 4096  # for each slot; 28 KiB a token for the 1.5B model

PROMPT_CACHE_MIB = 2048  # finished prompts kept in memory, so that a judge need not read them again

_servers: dict[str, tuple[Any, str, str]] = {}

_lock = threading.Lock()


def serve_model(text: str) -> tuple[str, str]:
    """Serve an embedded model in this process and return its URL and key; a second call returns the same server.

    text: local or local:tiny. Raises ModelFileError when the file cannot be had, InputError for an unknown name.
    """
    model = find_model(text)
    with _lock:
        server = _servers.get(f"{os.getpid()}:{text}")
        if server is None:
            path = fetch_model(model)
            key = secrets.token_hex(16)
            instance = _start_server(model, path, key)
            server = _servers[f"{os.getpid()}:{text}"] = (instance, f"{instance.listening_address}/v1", key)
    return server[1], server[2]


def _start_server(model: LocalModel, path: Path, key: str) -> Any:
    xllamacpp = load_extra("xllamacpp", "local", "the embedded model")
    slots = choose_slots()
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {model.name}  # else replies name the file's path on this machine
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.ui = False
    params.endpoint_slots = False
    params.verbosity = 0
    params.n_parallel = slots
    params.n_ctx = CONTEXT_TOKENS * slots
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = count_cores()
    try:
        return xllamacpp.Server(params)
    except RuntimeError as cause:
        raise ModelFileError(f"llama.cpp cannot serve {path} ({cause}): is there 2 GB of free memory?") from cause
