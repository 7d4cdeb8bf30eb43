"""Ranking the responses of one instruction, for scores that compare only there."""

import pandas as pd

from synthdata.base.frame import check_columns

RANKED = ("reward_rank", "reward_margin")


def rank_within_instruction(df: pd.DataFrame, column: str = "reward") -> pd.DataFrame:
    """Rank the responses of each instruction by a score, best first.

    Input columns: instruction and `column`. Output columns: reward_rank, 1 for the best, ties broken by row order, null
    where the score is null; reward_margin, the score minus the best score among the instruction's other responses
    (positive only for rank 1), null where there is none. Thresholds(reward_rank=(None, 1)) keeps the best of n,
    Thresholds(reward_margin=(0.5, None)) the best where it leads by half a point.
    Raises InputError for a missing column.
    """
    check_columns(df, "rank_within_instruction", ("instruction", column))
    scores, instruction = df[column].astype("Float64"), df["instruction"]
    ranks = scores.groupby(instruction, sort=False).rank(method="first", ascending=False)
    first, second = (scores.where(ranks == place).groupby(instruction, sort=False).transform("max") for place in (1, 2))
    margin = scores - second.where(ranks == 1, first)
    return df.assign(reward_rank=ranks.astype("Int64"), reward_margin=margin.astype("Float64"))
