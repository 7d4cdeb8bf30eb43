"""Judgements survive, and what is concluded from them holds for rows that nobody reviewed."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import synthdata as sd
from synthdata.filtering.review.precision import measure_interval

THRESHOLDS = sd.Thresholds(helpfulness=(2.0, None))


def make_frame(n: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows whose true quality grows with their score; returns the frame and the truth."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0, 4, n).round(3)
    truth = rng.random(n) < 0.15 + 0.2 * scores
    df = pd.DataFrame(
        {
            "id": [f"row {k} of {seed}" for k in range(n)],
            "instruction": [f"Question {k}" for k in range(n)],
            "response": "an answer",
            "finish_reason": "stop",
            "error": None,
            "helpfulness": pd.array(scores, dtype="Float64"),
            "verbosity": pd.array(rng.uniform(0, 4, n), dtype="Float64"),
        }
    )
    return df, truth


def review_sample(path: Path, df: pd.DataFrame, truth: np.ndarray, sample: pd.DataFrame) -> pd.DataFrame:
    good = dict(zip(df["id"], truth.tolist(), strict=True))
    lines = sample.assign(good=sample["id"].map(good))
    path.write_text(lines[["id", "good", "chance", "round"]].to_json(orient="records", lines=True), encoding="utf-8")
    return sd.read_judgements(path)


def test_a_sample_is_drawn_on_both_sides_densest_near_the_cut_and_the_same_each_time() -> None:
    df, _ = make_frame(1000)
    sample = sd.sample_rows(df, THRESHOLDS, 40)
    assert len(sample) == sample["id"].nunique() == 40
    assert sample.groupby("side").size().to_dict() == {"kept": 20, "rejected": 20}
    distance = (df.set_index("id").loc[sample["id"], "helpfulness"] - 2).abs().to_numpy()
    assert distance[sample["near"]].max() < distance[~sample["near"]].min()
    assert sample.loc[sample["near"], "chance"].min() > 3 * sample.loc[~sample["near"], "chance"].max()
    assert sample.equals(sd.sample_rows(df.sample(frac=1, random_state=1), THRESHOLDS, 40))


@given(st.integers(1, 60), st.integers(1, 50), st.floats(0, 4))
def test_a_sample_has_k_rows_or_all_and_its_weights_count_the_frame(k: int, n: int, bound: float) -> None:
    df, _ = make_frame(n)
    sample = sd.sample_rows(df, sd.Thresholds(helpfulness=(bound, None)), k)
    assert len(sample) == min(k, n)
    if k >= 4:  # with fewer draws than groups a group has no row, which the verdicts say
        assert (1 / sample["chance"]).sum() == pytest.approx(n)
    assert sample["chance"].between(0, 1, inclusive="right").all()


def test_faulty_rows_are_neither_drawn_nor_counted(tmp_path: Path) -> None:
    df, truth = make_frame(30)
    df = df.assign(error=["response: lost" if k < 10 else None for k in range(30)])
    df = df.assign(duplicate_of=["x" if 10 <= k < 20 else None for k in range(30)])
    sample = sd.sample_rows(df, THRESHOLDS, 30)
    assert set(sample["id"]) == set(df["id"][20:])
    reviewed = review_sample(tmp_path / "j.jsonl", df, truth, sample)
    measured = sd.estimate_precision(df, reviewed, THRESHOLDS)
    keep = (df["helpfulness"] >= 2).to_numpy()[20:]
    assert measured.loc["precision", "estimate"] == pytest.approx(truth[20:][keep].mean(), abs=0.001)
    assert measured.loc["recall", "estimate"] == pytest.approx(keep[truth[20:]].mean(), abs=0.001)
    # Every row that counts was reviewed: nothing is left to be unsure of.
    assert (measured["low"] == measured["high"]).all()


@pytest.mark.parametrize("bound", [1.0, 2.0, 3.0])
def test_estimates_hold_for_moved_thresholds_and_intervals_cover_the_truth(tmp_path: Path, bound: float) -> None:
    """Drawn at 2.0 and asked at `bound`, over 150 made-up datasets: no bias to speak of, and 95 % intervals that are."""
    moved, errors, covered = sd.Thresholds(helpfulness=(bound, None)), [], []
    for seed in range(150):
        df, truth = make_frame(400, seed)
        reviewed = review_sample(tmp_path / "j.jsonl", df, truth, sd.sample_rows(df, THRESHOLDS, 80))
        measured = sd.estimate_precision(df, reviewed, moved)
        keep = (df["helpfulness"] >= bound).to_numpy()
        true = {"precision": truth[keep].mean(), "recall": keep[truth].mean()}
        errors.append([measured.loc[name, "estimate"] - true[name] for name in true])
        covered.append([measured.loc[name, "low"] <= true[name] <= measured.loc[name, "high"] for name in true])
    assert np.abs(np.mean(errors, axis=0)).max() < 0.015
    assert np.mean(covered, axis=0).min() >= 0.92, np.mean(covered, axis=0)


def test_judging_can_stop_at_any_time_and_go_on_in_a_second_round(tmp_path: Path) -> None:
    precisions = []
    for seed in range(80):
        df, truth = make_frame(400, seed)
        drawn = [
            sd.sample_rows(df, THRESHOLDS, 80).head(30),
            sd.sample_rows(df, sd.Thresholds(helpfulness=(3, None)), 40),
        ]
        reviewed = review_sample(tmp_path / "j.jsonl", df, truth, pd.concat(drawn))
        measured = sd.estimate_precision(df, reviewed, THRESHOLDS)
        precisions.append(measured.loc["precision", "estimate"] - truth[(df["helpfulness"] >= 2).to_numpy()].mean())
    assert abs(np.mean(precisions)) < 0.02


def test_few_judgements_are_said_to_be_few(tmp_path: Path) -> None:
    df, truth = make_frame(1000)
    path = tmp_path / "j.jsonl"
    none = sd.estimate_precision(df, sd.read_judgements(path), THRESHOLDS)
    assert none["verdict"].tolist() == [
        "no kept row reviewed",
        "no rejected row reviewed",
        "one side has no reviewed row",
    ]
    assert none["estimate"].isna().all()
    assert none["low"].eq(0).all()
    assert none["high"].eq(1).all()
    few = sd.estimate_precision(df, review_sample(path, df, truth, sd.sample_rows(df, THRESHOLDS, 8)), THRESHOLDS)
    assert few.loc["precision", "verdict"].startswith("too few to tell: review about")
    many = sd.estimate_precision(df, review_sample(path, df, truth, sd.sample_rows(df, THRESHOLDS, 400)), THRESHOLDS)
    assert many.loc["precision", "verdict"] == many.loc["recall", "verdict"] == "enough to tell"


def test_none_good_among_few_rejected_does_not_pass_for_full_recall(tmp_path: Path) -> None:
    df, _ = make_frame(1000)
    truth = (df["helpfulness"] >= 2).to_numpy()
    measured = sd.estimate_precision(
        df, review_sample(tmp_path / "j", df, truth, sd.sample_rows(df, THRESHOLDS, 20)), THRESHOLDS
    )
    assert measured.loc["recall", "estimate"] == 1.0
    assert measured.loc["recall", "low"] < 0.8


@given(st.integers(0, 50), st.integers(1, 50))
def test_wilson_intervals_hold_their_share_and_narrow_with_rows(good: int, n: int) -> None:
    share = min(good, n) / n
    low, high = measure_interval(share, n)
    assert 0 <= low <= share <= high <= 1
    closer = measure_interval(share, 4 * n)
    assert closer[1] - closer[0] < high - low


def test_wilson_intervals_are_those_of_the_literature() -> None:
    # Newcombe, Statistics in Medicine 1998, 17:857, table I: 81 of 263, 15 of 148, 0 of 20, 29 of 29.
    for good, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (29, 29, 0.8830, 1.0),
    ):
        assert measure_interval(good / n, n) == pytest.approx((low, high), abs=0.00006)


def test_proposals_keep_most_at_the_precision_and_say_what_they_rest_on(tmp_path: Path) -> None:
    df, truth = make_frame(2000)
    reviewed = review_sample(tmp_path / "j.jsonl", df, truth, sd.sample_rows(df, THRESHOLDS, 300))
    proposed = sd.propose_thresholds(df, reviewed, 0.7, THRESHOLDS).set_index("claim")
    likely = eval(proposed.loc["estimate reaches 0.7", "literal"], {"Thresholds": sd.Thresholds})
    measured = sd.estimate_precision(df, reviewed, likely).loc["precision"]
    assert measured["estimate"] == proposed.loc["estimate reaches 0.7", "precision"] >= 0.7
    assert proposed.loc["estimate reaches 0.7", "kept"] == sd.apply_thresholds(df, likely)["keep"].sum()
    looser = sd.Thresholds(helpfulness=(likely["helpfulness"][0] - 0.2, None))
    assert sd.estimate_precision(df, reviewed, looser).loc["precision", "estimate"] < 0.7
    surely = proposed.loc["interval reaches 0.7"]
    assert surely["low"] >= 0.7
    assert surely["kept"] <= proposed.loc["estimate reaches 0.7", "kept"]


def test_proposals_without_a_start_try_each_score_and_admit_what_cannot_be_reached(tmp_path: Path) -> None:
    df, truth = make_frame(500)
    reviewed = review_sample(tmp_path / "j.jsonl", df, truth, sd.sample_rows(df, THRESHOLDS, 100))
    assert "helpfulness=(" in sd.propose_thresholds(df, reviewed, 0.75).loc[0, "literal"]
    hopeless = sd.propose_thresholds(df, reviewed.assign(good=reviewed.index % 2 == 0), 1.0)
    assert hopeless["claim"].tolist() == ["none reaches 1; the highest"]
    assert hopeless.loc[0, "precision"] < 1
    with pytest.raises(sd.InputError, match="4 of the rows drawn are reviewed"):
        sd.propose_thresholds(df, reviewed.head(4), 0.9)
    with pytest.raises(sd.InputError, match="precision is 90"):
        sd.propose_thresholds(df, reviewed, 90)


def test_a_looser_similarity_lets_duplicates_into_the_population(tmp_path: Path) -> None:
    df, truth = make_frame(60)
    df = df.assign(
        duplicate_of=["x" if k < 20 else None for k in range(60)],
        similarity=pd.array([0.9 if k < 20 else None for k in range(60)], dtype="Float64"),
    )
    loose = sd.Thresholds(helpfulness=(2.0, None), similarity=(None, 0.95))
    assert len(sd.sample_rows(df, THRESHOLDS, 60)) == 40
    reviewed = review_sample(tmp_path / "j.jsonl", df, truth, sd.sample_rows(df, loose, 60))
    assert sd.estimate_precision(df, reviewed, loose).loc["recall", "reviewed"] == 60
    assert sd.estimate_precision(df, reviewed, THRESHOLDS).loc["recall", "reviewed"] == 40
    proposed = sd.propose_thresholds(df, reviewed, 0.5, loose)
    assert proposed["literal"].str.contains("similarity=(None, 0.95)", regex=False).all()


def test_judgements_are_appended_changed_and_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / sd.JUDGEMENTS_FILE
    assert sd.read_judgements(path).empty
    sd.append_judgement(path, "a", True, 0.5, "first")
    sd.append_judgement(path, "b", True, 0.25, "first")
    sd.append_judgement(path, "c", False)
    sd.append_judgement(path, "a", False, 0.75, "second")
    sd.append_judgement(path, "b", None, 0.25, "first")
    reviewed = sd.read_judgements(path)
    assert reviewed["id"].tolist() == ["a", "c", "a"]
    assert reviewed["good"].tolist() == [False, False, False]  # the last word on a row holds in every round
    assert reviewed["chance"].tolist() == [0.5, pd.NA, 0.75]
    assert len(path.read_bytes().splitlines()) == 5


def test_a_line_torn_by_a_crash_does_not_swallow_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"id":"a","good":tr')
    sd.append_judgement(path, "b", True)
    with pytest.raises(sd.InputError, match=r"j\.jsonl line 1 is not JSON"):
        sd.read_judgements(path)
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])
    assert sd.read_judgements(path)["id"].tolist() == ["b"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "is not JSON"),
        ("[1]", "is a JSON list, not an object"),
        ('{"good": true}', '"id" is no text'),
        ('{"id": "a"}', '"good" is not true'),
        ('{"id": "a", "good": 1}', '"good" is not true'),
        ('{"id": "a", "good": true, "chance": 0}', '"chance" is no number'),
        ('{"id": "a", "good": true, "chance": "x"}', '"chance" is no number'),
        ('{"id": "a", "good": true, "round": 3}', '"round" is no text'),
    ],
)
def test_a_malformed_line_is_named_in_one_line(tmp_path: Path, line: str, fault: str) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text('{"id": "a", "good": true}\n\n' + line + "\n", encoding="utf-8")
    with pytest.raises(sd.InputError) as raised:
        sd.read_judgements(path)
    assert f"{path} line 3" in str(raised.value)
    assert fault in str(raised.value)
    assert "\n" not in str(raised.value)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([True, False, None]), st.sampled_from(["", "r"]))))
def test_reading_gives_the_last_word(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[str, bool | None, str]]
) -> None:
    path = tmp_path_factory.mktemp("judgements") / "j.jsonl"
    for row_id, good, name in entries:
        sd.append_judgement(path, row_id, good, 0.5 if name else None, name)
    reviewed = sd.read_judgements(path)
    last = {row_id: good for row_id, good, _ in entries}
    assert {row_id: good for row_id, good in last.items() if good is not None} == dict(
        zip(reviewed["id"], reviewed["good"], strict=True)
    )
    assert not reviewed.duplicated(["id", "round"]).any()


def test_repeated_ids_and_judgements_of_other_rows(tmp_path: Path) -> None:
    df, truth = make_frame(50)
    reviewed = review_sample(tmp_path / "j.jsonl", df, truth, sd.sample_rows(df, THRESHOLDS, 20))
    with pytest.raises(sd.InputError, match="stands in more than one row"):
        sd.estimate_precision(pd.concat([df, df]), reviewed, THRESHOLDS)
    elsewhere = sd.estimate_precision(df.assign(id=[f"other {k}" for k in range(50)]), reviewed, THRESHOLDS)
    assert elsewhere["reviewed"].eq(0).all()
    assert all(math.isnan(value) for value in elsewhere["estimate"])
