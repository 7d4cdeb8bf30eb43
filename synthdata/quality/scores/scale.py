"""The scales of scores: attributes and their weights, and whether one frame mixes scorers."""

from collections.abc import Mapping

import pandas as pd

from synthdata.base.errors import InputError

ATTRIBUTES = ("helpfulness", "correctness", "coherence", "complexity", "verbosity")

# Regression weights of NVIDIA's model card for nemotron-4-340b-reward, from HelpSteer2 attributes to one preference.
NEMOTRON_WEIGHTS = {"helpfulness": 0.3, "correctness": 0.74, "coherence": 0.46, "complexity": 0.47, "verbosity": -0.33}


def weigh_attributes(scores: Mapping[str, float]) -> float:
    """Reduce Nemotron's attributes to one scalar by a weighted sum, rounded to 6 decimals."""
    return round(sum(weight * scores[name] for name, weight in NEMOTRON_WEIGHTS.items()), 6)


def check_scorers(df: pd.DataFrame, stage: str) -> str:
    """Tell the scale of a frame's scores: "attributes", "scalar", "judge", "judge-json", or "" where none says.

    Input columns: reward_model and reward_form, when present. Raises InputError when more than one scorer is at work.
    """
    if "reward_form" not in df:
        return ""
    scored = df.loc[df["reward_form"].notna(), [c for c in ("reward_model", "reward_form") if c in df]]
    # The two ways in which one attribute model replies are one scale.
    scored = scored.assign(
        reward_form=scored["reward_form"].replace({"logprobs": "attributes", "content": "attributes"})
    )
    if scored.nunique().gt(1).any():
        scorers = scored.value_counts(sort=False, dropna=False)
        named = sorted(f"{' as '.join(map(str, key))}: {count:,} rows" for key, count in scorers.items())
        raise InputError(
            f"{stage}: these rows were scored by {len(scorers)} scorers ({'; '.join(named)}), and one bound means something "
            "else for each: score all rows with one model, or decide on each scorer's rows by themselves."
        )
    return str(scored["reward_form"].iloc[0]) if len(scored) else ""
