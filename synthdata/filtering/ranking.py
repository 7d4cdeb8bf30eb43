"""Ranks within an instruction, for rewards that do not compare across instructions."""

import pandas as pd

from synthdata.base.frame import check_columns


def rank_within_instruction(df: pd.DataFrame) -> pd.DataFrame:
    """Rank the responses of each instruction by their reward, best first.

    Input columns: instruction, reward. Output columns: reward_rank, 1 for the best, ties broken by row order, null
    where the reward is null; reward_margin, the reward minus the best one among the instruction's other responses
    (positive only for rank 1), null where there is none. Thresholds(reward_rank=(None, 1)) keeps the best of n,
    Thresholds(reward_margin=(0.5, None)) the best where it leads by half a point.
    Raises InputError for a missing column.
    """
    check_columns(df, "rank_within_instruction", ("instruction", "reward"))
    scores, instruction = df["reward"].astype("Float64"), df["instruction"]
    ranks = scores.groupby(instruction, sort=False).rank(method="first", ascending=False)
    first, second = (scores.where(ranks == place).groupby(instruction, sort=False).transform("max") for place in (1, 2))
    margin = scores - second.where(ranks == 1, first)
    return df.assign(reward_rank=ranks.astype("Int64"), reward_margin=margin.astype("Float64"))
