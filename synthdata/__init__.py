"""A topic in, an instruction-tuning dataset out: the functions that create_dataset.ipynb calls."""

from synthdata.cache import open_cache
from synthdata.client import Client
from synthdata.contamination import mark_contamination
from synthdata.cut import count_outcomes, count_subtopics, list_at_cut
from synthdata.dedup import mark_duplicates, resolve_duplicates
from synthdata.diversity import measure_diversity
from synthdata.endpoints import parse_endpoint
from synthdata.errors import CacheError, EndpointError, InputError, ModelFileError, RecordingError, SynthdataError
from synthdata.explore import explore_thresholds
from synthdata.export import FILTERED_FILE, RAW_FILE, export_dataset, read_jsonl, write_jsonl
from synthdata.filtering import Thresholds, apply_thresholds, rank_within_instruction
from synthdata.generate import generate_questions, generate_responses, generate_subtopics
from synthdata.judge import JUDGE_QUESTIONS
from synthdata.judgements import JUDGEMENTS_FILE, append_judgement, read_judgements, sample_rows
from synthdata.ledger import LEDGER_FILE, add_costs, make_ledger, plot_ledger, write_ledger
from synthdata.pages import clean_text
from synthdata.plots import plot_scores
from synthdata.preflight import check_endpoints, estimate_run, summarize_usage
from synthdata.repair import compare_versions, count_invented, count_repairs, repair_responses
from synthdata.review import measure_agreement, propose_thresholds
from synthdata.reviewer import review_rows
from synthdata.reward import ATTRIBUTES
from synthdata.run import Budget
from synthdata.scoring import score_responses
from synthdata.verify import count_problems, describe_verification, list_worst_commands, verifiers_for, verify_responses

__all__ = [
    "ATTRIBUTES",
    "FILTERED_FILE",
    "JUDGEMENTS_FILE",
    "JUDGE_QUESTIONS",
    "LEDGER_FILE",
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
    "add_costs",
    "append_judgement",
    "apply_thresholds",
    "check_endpoints",
    "clean_text",
    "compare_versions",
    "count_invented",
    "count_outcomes",
    "count_problems",
    "count_repairs",
    "count_subtopics",
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
    "mark_contamination",
    "mark_duplicates",
    "measure_agreement",
    "measure_diversity",
    "open_cache",
    "parse_endpoint",
    "plot_ledger",
    "plot_scores",
    "propose_thresholds",
    "rank_within_instruction",
    "read_jsonl",
    "read_judgements",
    "repair_responses",
    "resolve_duplicates",
    "review_rows",
    "sample_rows",
    "score_responses",
    "summarize_usage",
    "verifiers_for",
    "verify_responses",
    "write_jsonl",
    "write_ledger",
]
