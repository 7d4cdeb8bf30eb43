"""A topic in, an instruction-tuning dataset out: the functions that create_dataset.ipynb calls."""

from synthdata.base.errors import (
    BatchPending,
    CacheError,
    EndpointError,
    InputError,
    InterruptedRun,
    ModelFileError,
    RecordingError,
    SynthdataError,
)
from synthdata.base.frame import preview_rows
from synthdata.base.jsonl import prepare_folder, read_jsonl, write_jsonl
from synthdata.base.text import clean_text
from synthdata.export.dataset import FILTERED_FILE, RAW_FILE, export_dataset
from synthdata.export.folder import write_folder
from synthdata.filtering.boundary import list_borderline_rows
from synthdata.filtering.decide import apply_thresholds
from synthdata.filtering.outcomes import count_outcomes, count_subtopics
from synthdata.filtering.pairs import make_pairs, mark_best_of_n
from synthdata.filtering.ranking import rank_within_instruction
from synthdata.filtering.review.adoption import THRESHOLDS_FILE, read_decision, write_adoption
from synthdata.filtering.review.browse import browse_rows
from synthdata.filtering.review.explorer import Explorer, explore_thresholds
from synthdata.filtering.review.judgements import JUDGEMENTS_FILE, append_judgement, read_judgements
from synthdata.filtering.review.pictures import plot_curves, plot_pairs, plot_subtopics
from synthdata.filtering.review.plots import measure_length_bias, plot_length, plot_scores
from synthdata.filtering.review.precision import estimate_precision
from synthdata.filtering.review.proposals import propose_thresholds
from synthdata.filtering.review.reviewer import Reviewer, review_rows
from synthdata.filtering.review.sampling import sample_rows
from synthdata.filtering.thresholds import Thresholds, choose_thresholds
from synthdata.generate.commands import check_uses, draw_commands, generate_command_questions
from synthdata.generate.documents import read_documents
from synthdata.generate.kinds import KINDS, draw_kinds, generate_personas
from synthdata.generate.offtopic import mark_off_topic
from synthdata.generate.passages import check_quotes, generate_passage_questions
from synthdata.generate.prompts import COMMAND_RESPONSE_PROMPT, PASSAGE_RESPONSE_PROMPT
from synthdata.generate.questions import generate_questions, generate_subtopics
from synthdata.generate.repair import compare_versions, count_hallucinated, count_repairs, repair_responses
from synthdata.generate.responses import generate_responses
from synthdata.generate.varied import add_concepts, generate_varied_questions
from synthdata.models.batchjobs import fetch_batch, submit_batch
from synthdata.models.batchresults import import_batch
from synthdata.models.cache import Cache
from synthdata.models.client import Client
from synthdata.models.endpoints import Endpoint, parse_endpoint
from synthdata.models.recording import Recording, open_cache
from synthdata.models.usage import Budget
from synthdata.quality.overlap.contamination import mark_contamination
from synthdata.quality.overlap.diversity import measure_diversity
from synthdata.quality.overlap.duplicates import mark_duplicates, resolve_duplicates
from synthdata.quality.overlap.variety import measure_questions, plot_questions, select_diverse
from synthdata.quality.scores.judge import JUDGE_QUESTIONS
from synthdata.quality.scores.reward import ATTRIBUTES
from synthdata.quality.scores.scoring import score_responses
from synthdata.run.costs import add_costs, estimate_run, summarize_usage
from synthdata.run.earlier import keep_earlier
from synthdata.run.ledger import LEDGER_FILE, make_ledger, plot_ledger, write_ledger
from synthdata.run.parameters import ask_missing_key, check_parameters, prepare_page, take_preview
from synthdata.run.preflight import check_endpoints
from synthdata.run.prices import add_prices
from synthdata.verify.coverage import measure_coverage, plot_coverage
from synthdata.verify.registry import list_verifiers
from synthdata.verify.report import count_problems, describe_verification, list_worst_commands
from synthdata.verify.stage import verify_responses

__version__ = "0.2.0"

__all__ = [
    "ATTRIBUTES",
    "COMMAND_RESPONSE_PROMPT",
    "FILTERED_FILE",
    "JUDGEMENTS_FILE",
    "JUDGE_QUESTIONS",
    "KINDS",
    "LEDGER_FILE",
    "PASSAGE_RESPONSE_PROMPT",
    "RAW_FILE",
    "THRESHOLDS_FILE",
    "BatchPending",
    "Budget",
    "Cache",
    "CacheError",
    "Client",
    "Endpoint",
    "EndpointError",
    "Explorer",
    "InputError",
    "InterruptedRun",
    "ModelFileError",
    "Recording",
    "RecordingError",
    "Reviewer",
    "SynthdataError",
    "Thresholds",
    "add_concepts",
    "add_costs",
    "add_prices",
    "append_judgement",
    "apply_thresholds",
    "ask_missing_key",
    "browse_rows",
    "check_endpoints",
    "check_parameters",
    "check_quotes",
    "check_uses",
    "choose_thresholds",
    "clean_text",
    "compare_versions",
    "count_hallucinated",
    "count_outcomes",
    "count_problems",
    "count_repairs",
    "count_subtopics",
    "describe_verification",
    "draw_commands",
    "draw_kinds",
    "estimate_precision",
    "estimate_run",
    "explore_thresholds",
    "export_dataset",
    "fetch_batch",
    "generate_command_questions",
    "generate_passage_questions",
    "generate_personas",
    "generate_questions",
    "generate_responses",
    "generate_subtopics",
    "generate_varied_questions",
    "import_batch",
    "keep_earlier",
    "list_borderline_rows",
    "list_verifiers",
    "list_worst_commands",
    "make_ledger",
    "make_pairs",
    "mark_best_of_n",
    "mark_contamination",
    "mark_duplicates",
    "mark_off_topic",
    "measure_coverage",
    "measure_diversity",
    "measure_length_bias",
    "measure_questions",
    "open_cache",
    "parse_endpoint",
    "plot_coverage",
    "plot_curves",
    "plot_ledger",
    "plot_length",
    "plot_pairs",
    "plot_questions",
    "plot_scores",
    "plot_subtopics",
    "prepare_folder",
    "prepare_page",
    "preview_rows",
    "propose_thresholds",
    "rank_within_instruction",
    "read_decision",
    "read_documents",
    "read_jsonl",
    "read_judgements",
    "repair_responses",
    "resolve_duplicates",
    "review_rows",
    "sample_rows",
    "score_responses",
    "select_diverse",
    "submit_batch",
    "summarize_usage",
    "take_preview",
    "verify_responses",
    "write_adoption",
    "write_folder",
    "write_jsonl",
    "write_ledger",
]
