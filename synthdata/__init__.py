"""A topic in, an instruction-tuning dataset out: the functions that create_dataset.ipynb calls."""

from synthdata.cache import open_cache
from synthdata.client import Client
from synthdata.contamination import mark_contamination
from synthdata.dedup import mark_duplicates, resolve_duplicates
from synthdata.diversity import measure_diversity
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
    "estimate_run",
    "explore_thresholds",
    "export_dataset",
    "generate_questions",
    "generate_responses",
    "generate_subtopics",
    "list_at_cut",
    "make_ledger",
    "mark_contamination",
    "mark_duplicates",
    "measure_diversity",
    "open_cache",
    "parse_endpoint",
    "plot_scores",
    "rank_within_instruction",
    "read_jsonl",
    "resolve_duplicates",
    "score_responses",
    "summarize_usage",
    "write_jsonl",
]
