"""Preference pairs: of several responses to one instruction, one to prefer and one to reject."""

import math
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns, index_ids
from synthdata.models.local.catalog import MODELS
from synthdata.models.replies import is_natural_end
from synthdata.quality.scores.scale import check_scorers

PAIR_COLUMNS = (
    "instruction", "history", "chosen", "rejected", "chosen_id", "rejected_id", "score_chosen", "score_rejected", "gap",
    "length_chosen", "length_rejected", "basis", "rejected_problem",
)  # fmt: skip


def make_pairs(df: pd.DataFrame, min_gap: float = 0.0, *, faults: bool = False) -> pd.DataFrame:
    """Pair the best response of each instruction with its worst: at most one pair by reward, and on demand one by fault.

    Rewards are compared within an instruction (and its earlier turns) only, so every form of score will do; what they differ by
    is in the scorer's own units. What failed, was cut off or is contaminated takes no part, and what did not verify is never
    chosen. A pair needs a gap above 0 and of at least min_gap, between two different texts: a fault alone makes none. With
    faults, a verified response is also paired with one that did not verify, whatever their rewards; such a pair may have no gap
    or one below 0. Of two responses with one reward the earlier row is taken.
    The embedded judge's rewards make none, which is printed: see quality/scores/shape.py.
    Input columns: id, instruction, response, reward, finish_reason, error; verified, problems, history, contaminated_by and
    reward_form with reward_model when present.
    Output columns: instruction, history; chosen and rejected (texts), chosen_id and rejected_id, score_chosen and score_rejected,
    gap; length_chosen and length_rejected, in characters; basis, "reward" or "fault"; rejected_problem, the kind of the first
    fatal problem of what was rejected, null where it has none. One row a pair, in the order of the instructions; none is no error.
    Raises InputError for a missing column, an id that two rows share, rewards of more than one scorer, or a min_gap that is no
    number of at least 0.
    """
    check_columns(df, "make_pairs", ("id", "instruction", "response", "reward", "finish_reason", "error"))
    index_ids(df, "make_pairs")
    check_scorers(df, "make_pairs")
    if isinstance(min_gap, bool) or not isinstance(min_gap, (int, float)) or not 0 <= min_gap < math.inf:
        raise InputError(f"min_gap is {min_gap!r}: give a number of at least 0, in the units of the reward.")
    rows = _prepare_rows(df)
    embedded = "reward_model" in df and df["reward_model"].isin([model.name for model in MODELS.values()]).any()
    if embedded:
        print(
            "make_pairs: the embedded judge's rewards cannot rank two answers to one question, so no pair rests on them; "
            "faults=True pairs what verified with what did not."
        )
    pairs = []
    for _, group in rows[rows["usable"]].groupby("prompt", sort=False):
        ranked = group.sort_values("score", ascending=False, kind="stable", na_position="last")
        found = ([] if embedded else [_pair_by_reward(ranked, min_gap)]) + ([_pair_by_fault(ranked)] if faults else [])
        seen = set()
        for pair in filter(None, found):
            if (pair["chosen_id"], pair["rejected_id"]) not in seen:
                pairs.append(pair)
            seen.add((pair["chosen_id"], pair["rejected_id"]))
    return pd.DataFrame(pairs, columns=list(PAIR_COLUMNS))


def mark_best_of_n(df: pd.DataFrame) -> pd.DataFrame:
    """Mark the best response of each instruction (rejection sampling): verified first, then the highest reward, then row order.

    Verified comes before what held nothing to check. What failed, was cut off, is contaminated or did not verify is never best,
    so an instruction may have none. Input columns: as make_pairs. Output column: best (bool); no row is dropped.
    Raises InputError for a missing column or rewards of more than one scorer.
    """
    check_columns(df, "mark_best_of_n", ("instruction", "response", "reward", "finish_reason", "error"))
    check_scorers(df, "mark_best_of_n")
    rows = _prepare_rows(df)
    fit = rows[rows["usable"] & ~rows["faulty"]]
    order = fit.sort_values(["verified", "score"], ascending=False, kind="stable", na_position="last")
    return df.assign(best=rows["place"].isin(order.drop_duplicates("prompt")["place"]).to_numpy())


def _prepare_rows(df: pd.DataFrame) -> pd.DataFrame:
    """Make the columns that pairing reads, in row order, whatever the frame's index and optional columns."""

    def get(name: str) -> list[Any]:
        return df[name].tolist() if name in df else [None] * len(df)

    verified = [None if pd.isna(value) else bool(value) for value in get("verified")]
    histories = [value if isinstance(value, list) else None for value in get("history")]
    ended = df["finish_reason"].map(is_natural_end, na_action=None).astype(bool).to_numpy()
    clean = (df["response"].notna() & df["error"].isna()).to_numpy() & ended
    return pd.DataFrame(
        {
            "place": range(len(df)),
            "id": get("id"),
            "instruction": get("instruction"),
            "history": pd.Series(histories, dtype=object),
            "response": get("response"),
            "prompt": [repr((one, turns or [])) for one, turns in zip(get("instruction"), histories, strict=True)],
            "score": df["reward"].astype("Float64").to_numpy(dtype=float, na_value=math.nan),
            "verified": pd.Series([value is True for value in verified], dtype=bool),
            "faulty": pd.Series([value is False for value in verified], dtype=bool),
            "problem": pd.Series([_find_fatal(value) for value in get("problems")], dtype=object),
            "usable": clean & pd.isna(pd.Series(get("contaminated_by"), dtype=object)).to_numpy(dtype=bool),
        }
    )


def _find_fatal(problems: Any) -> str | None:
    found = problems if isinstance(problems, list) else []
    return next((problem["kind"] for problem in found if problem.get("fatal", True)), None)


def _pair_by_reward(ranked: pd.DataFrame, min_gap: float) -> dict[str, Any] | None:
    scored = ranked[ranked["score"].notna()]
    fit = scored[~scored["faulty"]]
    if fit.empty:
        return None
    chosen, rejected = fit.iloc[0], scored[scored["score"] == scored["score"].min()].iloc[0]
    gap = chosen["score"] - rejected["score"]
    return _write_pair(chosen, rejected, "reward") if gap > 0 and gap >= min_gap else None


def _pair_by_fault(ranked: pd.DataFrame) -> dict[str, Any] | None:
    verified, faulty = ranked[ranked["verified"]], ranked[ranked["faulty"]]
    return None if verified.empty or faulty.empty else _write_pair(verified.iloc[0], faulty.iloc[-1], "fault")


def _write_pair(chosen: pd.Series, rejected: pd.Series, basis: str) -> dict[str, Any] | None:
    if chosen["response"] == rejected["response"]:
        return None
    return {
        "instruction": chosen["instruction"],
        "history": chosen["history"],
        "chosen": chosen["response"],
        "rejected": rejected["response"],
        "chosen_id": chosen["id"],
        "rejected_id": rejected["id"],
        "score_chosen": chosen["score"],
        "score_rejected": rejected["score"],
        "gap": chosen["score"] - rejected["score"],
        "length_chosen": len(chosen["response"]),
        "length_rejected": len(rejected["response"]),
        "basis": basis,
        "rejected_problem": rejected["problem"] if rejected["faulty"] else None,
    }
