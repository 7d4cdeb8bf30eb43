"""Every form of score stands in one table, and what the table says is what the stages do."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import synthdata as sd
from synthdata.filtering.review.plots import get_range
from synthdata.quality.scores.scale import SCALES, check_scorers, choose_way, find_scale, list_scores
from tests.conftest import ROOT
from tests.nim_server import REWARD, NimServer

Connect = Callable[..., sd.Client]


def make_scored(form: str | None, **columns: list[Any]) -> pd.DataFrame:
    base = {"reward": [1.0], "helpfulness": [2.0], "reward_model": ["m"], "reward_form": [form]}
    return pd.DataFrame(base | columns)


def test_no_form_is_on_two_scales_and_no_scale_has_two_lines() -> None:
    forms = [form for scale in SCALES for form in scale.forms]
    assert len(forms) == len(set(forms))
    assert len(SCALES) == len({scale.name for scale in SCALES})


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.name)
def test_the_usual_start_of_a_scale_bounds_what_can_be_compared_on_it(scale: Any) -> None:
    assert set(sd.Thresholds(**scale.start)) <= set(scale.columns)
    assert eval(f"sd.Thresholds({scale.literal})") == sd.Thresholds(**scale.start)


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.name)
def test_a_frame_is_on_the_scale_of_its_form(scale: Any) -> None:
    for form in scale.forms:
        assert check_scorers(make_scored(form), "a stage") is scale
        assert ("reward" in list_scores(make_scored(form))) == scale.across
    assert scale.answers


def test_a_form_that_nobody_knows_is_a_scale_of_its_own() -> None:
    assert check_scorers(make_scored("stars"), "a stage").name == "stars"
    assert find_scale("stars").across
    assert get_range(make_scored("stars"), "helpfulness") == (0.0, 4.0)
    assert check_scorers(make_scored(None), "a stage").name == ""
    mixed = pd.concat([make_scored("stars"), make_scored("logprobs")])
    with pytest.raises(sd.InputError, match="m as attributes: 1 rows; m as stars: 1 rows"):
        check_scorers(mixed, "a stage")


def test_the_way_of_asking_is_chosen_by_name_or_by_the_models_name(connect: Connect) -> None:
    with NimServer() as server:
        reward, chat = connect(server, REWARD), connect(server, "some/chat-model")
        assert [choose_way(client).name for client in (reward, chat)] == ["reward", "judge"]
        assert choose_way(reward, "judge").name == "judge"
        with pytest.raises(sd.InputError, match="form is 'stars': write 'reward', 'judge' or 'auto'"):
            choose_way(chat, "stars")


SCRIPT = """
import pandas as pd, synthdata as sd
from tests.nim_server import NimServer, make_chat
n = 4
df = pd.DataFrame({"id": list("abcd"), "instruction": list("ppqq"), "response": ["*" * k for k in (1, 3, 5, 2)], "error": None,
    "prompt_tokens": 1, "completion_tokens": 1, "finish_reason": "stop", "topic": "t", "subtopic": "s"})
reply = lambda server, body: make_chat(f"Stars: {len(body['messages'][-1]['content'])}")
with NimServer(reply) as server:
    client = sd.Client(f"{server.url}#my/reward")
    print(sd.check_endpoints(client, client)["answers"].iloc[1])
    scored = sd.score_responses(df, client)
print(scored["reward"].tolist(), set(scored["reward_form"]))
try:
    sd.apply_thresholds(scored, sd.Thresholds(reward=(2, None)))
except sd.InputError as fault:
    print(fault)
ranked = sd.rank_within_instruction(scored)
explorer = sd.explore_thresholds(ranked, sd.Thresholds(reward_rank=(None, 1)))
print(sd.apply_thresholds(ranked, explorer.thresholds)["keep"].tolist())
"""


def test_a_form_is_one_file_and_one_line(tmp_path: Path) -> None:
    """What docs/adding.md says: its file and its line, put into a copy of the library, are known to every stage."""
    section = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8").split("## A score form\n")[1].split("\n## ")[0]
    file, line = (part.split("```")[0] for part in section.split("```python\n")[1:3])
    ignore = shutil.ignore_patterns("__pycache__", "recordings")
    for folder in ("synthdata", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)
    scores = tmp_path / "synthdata" / "quality" / "scores"
    (scores / "stars.py").write_text(file, encoding="utf-8")
    imported, row = line.split("line = ")
    table = (scores / "scale.py").read_text(encoding="utf-8")
    place = "SCALES: list[Scale] = [\n"
    assert place in table
    table = table.replace(place, f"{place}    {row.strip()},\n").replace("\nRANKED", f"\n{STARS_IMPORT}\nRANKED", 1)
    assert "Scale" in imported
    (scores / "scale.py").write_text(table, encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    said = done.stdout
    assert "stars, 1 to 5" in said
    assert "[1.0, 3.0, 5.0, 2.0] {'stars'}" in said
    assert "stars rewards of different instructions cannot be compared" in said
    assert "[False, True, True, False]" in said


STARS_IMPORT = "from synthdata.quality.scores.stars import read_stars"
