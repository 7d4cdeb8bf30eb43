"""A topic in, an instruction-tuning dataset out: the functions that create_dataset.ipynb calls."""

from synthdata.cache import open_cache
from synthdata.client import Client
from synthdata.endpoints import parse_endpoint
from synthdata.errors import CacheError, EndpointError, InputError, ModelFileError, RecordingError, SynthdataError
from synthdata.explore import count_outcomes, explore_thresholds, list_at_cut, plot_scores
from synthdata.export import FILTERED_FILE, RAW_FILE, export_dataset, read_jsonl, write_jsonl
from synthdata.filtering import Thresholds, apply_thresholds, make_ledger, rank_within_instruction
from synthdata.generate import generate_questions, generate_responses, generate_subtopics
from synthdata.preflight import check_endpoints, estimate_run, summarize_usage
from synthdata.reward import ATTRIBUTES, JUDGE_QUESTIONS
from synthdata.run import Budget
from synthdata.scoring import score_responses
from synthdata.verify import (
    count_problems,
    describe_verification,
    list_worst_commands,
    verifiers_for,
    verify_responses,
)

__all__ = [
    "ATTRIBUTES",
    "FILTERED_FILE",
    "JUDGE_QUESTIONS",
    "RAW_FILE",
    "Budget",
    "CacheError",
    "Client",
    "EndpointError",
    "InputError",
    "ModelFileError",
    "RecordingError",
    "SynthdataError",
    "Thresholds",
    "apply_thresholds",
    "check_endpoints",
    "count_outcomes",
    "count_problems",
    "describe_verification",
    "estimate_run",
    "explore_thresholds",
    "export_dataset",
    "generate_questions",
    "generate_responses",
    "generate_subtopics",
    "list_at_cut",
    "list_worst_commands",
    "make_ledger",
    "open_cache",
    "parse_endpoint",
    "plot_scores",
    "rank_within_instruction",
    "read_jsonl",
    "score_responses",
    "summarize_usage",
    "verifiers_for",
    "verify_responses",
    "write_jsonl",
]
