"""What a run costs in money, by a table of published prices, directly and by batch files."""

from urllib.parse import urlsplit

import pandas as pd

from synthdata.base.extras import load_extra
from synthdata.base.frame import check_columns
from synthdata.models.client import Client
from synthdata.run.costs import STAGES

BATCH_SHARE = 0.5  # of the direct price, by the price lists of the hosts below
BATCH_HOSTS = ("api.openai.com", "api.groq.com", "api.together.xyz")
BATCH_HOURS = 24  # within which a batch ends, finished or expired; most are done sooner


def add_prices(costs: pd.DataFrame, generator: Client, reward: Client) -> pd.DataFrame:
    """Add what each stage costs: to estimate_run's frame beforehand, to summarize_usage's afterwards.

    Input columns: stage, tokens_in, tokens_out, and endpoint where the frame has one. Adds dollars (the direct way),
    batch_dollars and batch_hours (by batch files, the longest that each round may take; each stage is a round, each repair one
    more, preflight is asked directly). Null where the price table does not know this model at this host, or the host sells
    no batches at half the price: never a guess. Tokens of a summary include answers found in the cache: dollars are what all
    of them cost when they were asked. Source: the package genai-prices, at the version that is installed; your contract may differ.
    Raises InputError for missing columns, or without the extra `prices`.
    """
    check_columns(costs, "add_prices", ("stage", "tokens_in", "tokens_out"))
    lines = []
    for line in costs.to_dict("records"):
        scores = line["stage"] in STAGES["scores"]
        client = (
            reward if scores or line.get("endpoint") == reward.endpoint.name != generator.endpoint.name else generator
        )
        dollars = find_price(client, line["tokens_in"], line["tokens_out"]) if line["stage"] != "total" else None
        batch = client.endpoint.url is not None and urlsplit(client.endpoint.url).hostname in BATCH_HOSTS
        used = bool(line["tokens_in"] or line["tokens_out"])
        direct = line["stage"] == "preflight" or not used
        share = 1.0 if direct else BATCH_SHARE
        lines.append((dollars, dollars * share if dollars is not None and batch else None,
                      (0 if direct else BATCH_HOURS) if batch else None))  # fmt: skip
    names = ["dollars", "batch_dollars", "batch_hours"]
    prices = pd.DataFrame(lines, columns=names, index=costs.index).astype("Float64")
    total = costs["stage"] == "total"
    prices.loc[total, names] = prices.loc[~total, names].sum(skipna=False).to_list()
    return pd.concat([costs, prices.astype({"batch_hours": "Int64"})], axis=1)


def find_price(client: Client, tokens_in: int, tokens_out: int) -> float | None:
    """Find what so many tokens of a client's model cost at its host, in US dollars; None where the table does not know."""
    if client.endpoint.url is None:
        return None
    table = load_extra("genai_prices", "prices", "A price")
    try:
        found = table.calc_price(
            table.Usage(input_tokens=tokens_in, output_tokens=tokens_out),
            model_ref=client.endpoint.model,
            provider_api_url=client.endpoint.url,
        )
    except LookupError:
        return None
    return float(found.total_price)
