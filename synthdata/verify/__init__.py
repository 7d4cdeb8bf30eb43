"""Is what a response tells its reader to type real? Offline, for each row."""

from synthdata.verify.report import count_problems, describe_verification, list_worst_commands
from synthdata.verify.stage import VERIFIERS, has_cli_verifier, verifiers_for, verify_responses

__all__ = [
    "VERIFIERS",
    "count_problems",
    "describe_verification",
    "has_cli_verifier",
    "list_worst_commands",
    "verifiers_for",
    "verify_responses",
]
