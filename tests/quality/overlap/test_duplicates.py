"""Near-duplicates: what is one and what is not, which row stays, and marks that follow the threshold."""

import random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import synthdata as sd
from synthdata.quality.overlap.duplicates import THRESHOLD
from synthdata.quality.overlap.minhash import ALL_PAIRS
from synthdata.quality.overlap.similarity import FLOOR, _spell_segments
from synthdata.quality.overlap.words import Words

STOP = (
    "Run `docker stop NAME` and wait: the process inside gets ten seconds to end by itself before it is killed."
    " Check with `docker ps -a` that the state says Exited, then start it again whenever you need it."
)


def make_frame(*rows: tuple[str, Any], **columns: list[Any]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["instruction", "response"], dtype=object)
    return frame.assign(id=[f"id{number}" for number in range(len(rows))], **columns)


def mark_pair(first: tuple[str, str], second: tuple[str, str]) -> float:
    """The similarity of two rows, 0 when none is told."""
    similarity = sd.mark_duplicates(make_frame(first, second), FLOOR)["similarity"].iloc[1]
    return 0.0 if similarity is pd.NA else float(similarity)


# Each template is answered in the same words but for the one thing that is asked about.
NOUNS = [
    (
        "Start a container with a specific {}",
        "To start a container with a specific {}, add the option `{}` to `docker run`, before the name of the image."
        " For example, `docker run {} VALUE alpine` does it for one container; others keep what their image says.",
        [("user", "-u"), ("workdir", "-w"), ("hostname", "-h"), ("platform", "--platform"), ("runtime", "--runtime")],
    ),
    (
        "How do I remove all unused {}?",
        "To remove every {} that no container uses, run `docker {} prune`. You are asked to confirm first, and the space"
        " that was freed is printed at the end; `docker {} ls` shows what is left on this machine afterwards.",
        [("volumes", "volume"), ("networks", "network"), ("images", "image"), ("contexts", "context")],
    ),
    (
        "Which planet is nearest to {} on average, and why?",
        "Averaged over time, it is Mercury that stays nearest to {}, since its small orbit never takes it far away,"
        " while every other world spends half its time beyond the Sun from {}. A simulation shows {} in a minute.",
        [("Venus", "this"), ("Neptune", "that"), ("Saturn", "it")],
    ),
    ("Is {} written in Go?", "Yes.", [("Docker", ""), ("Podman", ""), ("Kubernetes", "")]),
    (
        "Is {} an open source program that everybody may change and sell to others as they like?",
        "Yes.",
        [("Docker", ""), ("Podman", "")],
    ),
    ("What is {} × 12?", "{1}", [("11", "132"), ("13", "156"), ("25", "300")]),
    (
        "How do I run a container {} a network?",
        "`docker run --network {}` sets it.{}",
        [("with", "n"), ("without", "none")],
    ),
]


@pytest.mark.parametrize(("question", "answer", "nouns"), NOUNS)
def test_the_one_word_that_matters_keeps_two_rows_apart(
    question: str, answer: str, nouns: list[tuple[str, str]]
) -> None:
    rows = [(question.format(noun), answer.format(noun, code, code, noun)) for noun, code in nouns]
    marked = sd.mark_duplicates(make_frame(*rows))
    assert marked["duplicate_of"].isna().all(), marked[["instruction", "similarity", "differing_words"]].to_string()


def test_direction_matters() -> None:
    answer = (
        "Use `docker cp {} {}`: the first path is read and the second is written, and a folder goes with all that is in it."
        " The container need not run. Ownership is kept only with the option -a, so look at it afterwards."
    )
    there = ("Copy a file from the host to a container", answer.format("FILE", "NAME:PATH"))
    back = ("Copy a file from a container to the host", answer.format("NAME:PATH", "FILE"))
    assert mark_pair(there, back) < THRESHOLD


REWORDED = [
    ("How do I stop a running container?", "Show me how to stop a container that is running", STOP, STOP),
    ("How can I stop a container?", "What is the command to stop a container?", STOP, STOP.replace("whenever", "when")),
    ("Stop a container", "Explain how you would stop containers, please.", STOP, STOP.replace("Run", "Use", 1)),
    ("How do I remove a volume?", "Delete a volume", "Use `docker volume rm NAME`.", "Use: docker volume rm NAME"),
    ("List all networks", "How to view all networks?", "docker network ls", "`docker network ls`"),
    ("WHAT IS A LAYER?!", "what is a layer", "A set of changed files.", "a set of *changed* files"),
    ("Wie halte ich einen Container an?", "Wie halte ich einen Container an", "docker stop NAME", "docker stop NAME."),
    ("如何停止容器？", "如何停止容器", "运行停止命令。", "运行停止命令"),
]


@pytest.mark.parametrize(("first", "second", "answer", "answer_too"), REWORDED)
def test_the_same_question_in_other_words_is_a_duplicate(first: str, second: str, answer: str, answer_too: str) -> None:
    assert mark_pair((first, answer), (second, answer_too)) >= 0.9


def test_the_same_question_with_another_answer_is_none() -> None:
    other = (
        "Press Ctrl+C in its terminal, or close the session; nothing else has to be done, since it was not detached."
    )
    assert mark_pair(("How do I stop a container?", STOP), ("How do I stop a container?", other)) == 0
    passage = "The ship left at nine. " * 20
    assert (
        mark_pair((f"{passage} When did it leave?", "At nine."), (f"{passage} When did it leave?", "Nobody knows."))
        == 0
    )


def test_one_short_answer_to_two_questions_is_none() -> None:
    assert mark_pair(("Name the capital of France", "Paris"), ("Where does the Louvre stand?", "Paris")) == 0


def test_signs_are_words_and_control_characters_are_nothing() -> None:
    assert mark_pair(("What is C++?", "A language."), ("What is C#?", "A language.")) < THRESHOLD
    df = make_frame(("Say hi", "hi \x1b[2J there you"), ("Say hi", "hi there \u202e you \x1b]0;x\x07"))
    told = sd.mark_duplicates(df, FLOOR)["differing_words"].iloc[1]
    assert told is None or told is pd.NA or told.isprintable()


def test_a_mark_names_the_row_the_similarity_and_the_words() -> None:
    marked = sd.mark_duplicates(make_frame(("Stop a container", STOP), ("Stop a container", STOP.replace("ten", "20"))))
    row = marked.iloc[1]
    assert (row["duplicate_of"], row["similar_to"], row["differing_words"]) == ("id0", "id0", "- ten + 20")
    assert 0.9 < row["similarity"] < 1
    assert marked.iloc[0][["duplicate_of", "similarity", "similar_to", "differing_words"]].isna().all()


def test_the_better_scored_stays_then_the_earlier() -> None:
    rows = [("Stop a container", STOP)] * 3
    assert sd.mark_duplicates(make_frame(*rows))["duplicate_of"].tolist()[1:] == ["id0", "id0"]
    marked = sd.mark_duplicates(make_frame(*rows, reward=pd.array([1.0, None, 2.0], dtype="Float64")))
    assert marked["duplicate_of"].fillna("").tolist() == ["id2", "id2", ""]
    marked = sd.mark_duplicates(make_frame(*rows, reward=[1.0, 2.0, 0.0], mine=[3, 2, 4]), score="mine")
    assert marked["duplicate_of"].fillna("").tolist() == ["id2", "id2", ""]


def test_ids_may_be_numbers() -> None:
    marked = sd.mark_duplicates(make_frame(("a", "b"), ("a", "b")).assign(id=[7, 8]))
    assert marked["duplicate_of"].fillna("").tolist() == ["", "7"]


def test_a_faulty_row_never_stays_in_place_of_a_whole_one() -> None:
    rows = [("Stop a container", STOP)] * 3
    marked = sd.mark_duplicates(
        make_frame(
            *rows, reward=[3.0, 2.0, 1.0], error=["reward: x", None, None], finish_reason=["stop", "length", "stop"]
        )
    )
    assert marked["duplicate_of"].fillna("").tolist() == ["id2", "id2", ""]


def test_samples_of_one_instruction_are_duplicates_only_when_the_same() -> None:
    near = STOP.replace("ten", "20")
    rows = [("Stop a container", text) for text in (STOP, near, STOP.upper())]
    marked = sd.mark_duplicates(make_frame(*rows, sample=[0, 1, 2]))
    assert marked["duplicate_of"].fillna("").tolist() == ["", "", "id0"]
    marked = sd.mark_duplicates(make_frame(*rows, sample=[0, 0, 2]))
    assert marked["duplicate_of"].fillna("").tolist() == ["", "id0", "id0"]


def test_a_word_whose_number_is_a_byte_order_mark_or_a_surrogate_counts() -> None:
    ids = np.array([0xFEFF, 0xD800, 1, 0xFEFF], dtype=np.uint32)
    assert [len(text) for text in _spell_segments(Words(ids, np.array([0, 3, 4]), {}))] == [3, 1]


def test_missing_and_empty_responses() -> None:
    df = make_frame(("a b c", None), ("a b c", None), ("?", "!"), ("?", "!"), ("a b c", ""), ("a b c", ""), ("x", "…"))
    marked = sd.mark_duplicates(df)
    assert marked["duplicate_of"].fillna("").tolist() == ["", "", "", "id2", "", "id4", ""]
    assert sd.mark_duplicates(df.iloc[:0])["duplicate_of"].tolist() == []
    assert sd.mark_duplicates(df.iloc[:1])["similarity"].isna().all()


def test_a_chain_ends_at_a_row_that_stays() -> None:
    words = [f"w{number}" for number in range(60)]
    rows = [("Recite", " ".join(words[8 * step : 8 * step + 40])) for step in range(3)]
    df = sd.mark_duplicates(make_frame(*rows))
    assert df["similar_to"].fillna("").tolist() == ["", "id0", "id1"]
    assert df["duplicate_of"].fillna("").tolist() == ["", "id0", "id0"]
    assert sd.resolve_duplicates(df, 0.9)["duplicate_of"].isna().all()


def make_variants(n: int, most: int = 6) -> pd.DataFrame:
    """Rows of one question, each answered with some words of the first answer changed, and as many unlike any other."""
    rng = random.Random(0)
    words = STOP.split()
    rows = []
    for number in range(n):
        changed = list(words)
        for place in rng.sample(range(len(words)), rng.randint(1, most)):
            changed[place] = f"w{number}"
        rows.append(("Stop a container", " ".join(changed)))
        rows.append((f"Ask for q{number}", " ".join(f"a{rng.randrange(10_000)}" for _ in range(30))))
    return make_frame(*rows, reward=rng.sample(range(len(rows)), len(rows)))


def test_a_crowd_of_near_duplicates_leaves_one() -> None:
    df = make_variants(2 * ALL_PAIRS)
    marked = sd.mark_duplicates(df)
    stays = marked[marked["duplicate_of"].isna()]
    assert stays["instruction"].str.startswith("Ask").sum() == 2 * ALL_PAIRS
    assert stays.loc[stays["instruction"] == "Stop a container", "reward"].tolist() == [df["reward"][::2].max()]


def test_which_pairs_are_missed_among_many_rows_depends_neither_on_their_order_nor_on_a_row_unlike_them() -> None:
    df = make_variants(2 * ALL_PAIRS, most=16)
    marked = sd.mark_duplicates(df)
    shuffled = sd.mark_duplicates(df.sample(frac=1, random_state=0)).sort_index()
    pd.testing.assert_frame_equal(shuffled, marked)
    other = make_frame(("Something else", "entirely"), reward=[9999]).assign(id="other")
    more = sd.mark_duplicates(pd.concat([other, df], ignore_index=True))[1:].reset_index(drop=True)
    pd.testing.assert_frame_equal(more, marked)


def test_hardly_a_pair_above_the_threshold_is_missed_among_many_rows() -> None:
    df = make_variants(ALL_PAIRS)
    exact = [sd.mark_duplicates(part) for part in (df[:ALL_PAIRS], df[ALL_PAIRS:])]  # all pairs of each are compared
    whole = sd.mark_duplicates(df)
    assert len(df) > ALL_PAIRS
    for part in exact:
        found = whole["similarity"].loc[part.index].fillna(0) >= part["similarity"].fillna(0) - 0.02
        assert found.mean() > 0.98


@pytest.mark.parametrize("threshold", [0.59, 1.01, -1, float("nan"), "0.8", None, True])
def test_a_senseless_threshold_is_refused(threshold: Any) -> None:
    with pytest.raises(sd.InputError, match=r"mark_duplicates: threshold is .*: give a number from 0.6"):
        sd.mark_duplicates(make_frame(("a", "b")), threshold)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(sd.InputError, match="mark_duplicates needs the column 'response'"):
        sd.mark_duplicates(pd.DataFrame({"id": [1], "instruction": ["a"]}))
    with pytest.raises(sd.InputError, match="mark_duplicates needs the column 'mine'"):
        sd.mark_duplicates(make_frame(("a", "b")), score="mine")
    with pytest.raises(sd.InputError, match="the id 'x' stands in more than one row"):
        sd.mark_duplicates(make_frame(("a", "b"), ("c", "d")).assign(id="x"))
    with pytest.raises(sd.InputError, match="score 'instruction' holds no numbers"):
        sd.mark_duplicates(make_frame(("a", "b")), score="instruction")
    marked = sd.mark_duplicates(make_frame(("a", "b"), ("a", "b")))
    with pytest.raises(sd.InputError, match="no row has the id 'id0'"):
        sd.resolve_duplicates(marked.iloc[1:])
    with pytest.raises(sd.InputError, match="in a circle"):
        sd.resolve_duplicates(marked.assign(similarity=1.0, similar_to=["id1", "id0"]))


phrases = st.lists(
    st.sampled_from(["run", "stop", "list", "volume", "image", "the", "how", "naïve", "日本", "C++", "ß", "🙂"]),
    max_size=9,
)
texts = st.one_of(phrases.map(" ".join), st.text(max_size=12))
frames = st.lists(
    st.tuples(texts, st.one_of(st.none(), texts), st.one_of(st.none(), st.integers(0, 3))), max_size=14
).map(lambda rows: make_frame(*((a, b) for a, b, _ in rows), reward=pd.array([c for *_, c in rows], dtype="Float64")))


@settings(deadline=None)
@given(frames, st.floats(FLOOR, 1))
def test_marks_follow_the_threshold(df: pd.DataFrame, threshold: float) -> None:
    before = df.copy(deep=True)
    marked = sd.mark_duplicates(df)
    pd.testing.assert_frame_equal(df, before)
    assert marked.index.equals(df.index)
    assert marked["id"].tolist() == df["id"].tolist()
    moved = sd.resolve_duplicates(marked, threshold)
    pd.testing.assert_frame_equal(moved, sd.mark_duplicates(df, threshold))
    is_marked = moved["duplicate_of"].notna()
    assert is_marked.tolist() == (moved["similarity"] >= threshold).fillna(False).tolist()
    assert not moved.set_index("id")["duplicate_of"].loc[moved.loc[is_marked, "duplicate_of"]].notna().any()
    bounded = marked.assign(finish_reason="stop", error=None)
    decided = sd.apply_thresholds(bounded, sd.Thresholds(similarity=(None, threshold)))
    assert decided["reject_reason"].fillna("").str.startswith("duplicate").tolist() == is_marked.tolist()


@settings(deadline=None)
@given(frames, st.randoms(use_true_random=False))
def test_order_does_not_matter_where_scores_differ(df: pd.DataFrame, rng: random.Random) -> None:
    df = df.assign(reward=pd.array(range(len(df)), dtype="Float64"))
    places = list(range(len(df)))
    rng.shuffle(places)
    shuffled = sd.mark_duplicates(df.iloc[places])
    pd.testing.assert_frame_equal(shuffled.sort_index(), sd.mark_duplicates(df))
    score = df.set_index("id")["reward"]
    duplicates = shuffled[shuffled["duplicate_of"].notna()]
    assert (score.loc[duplicates["duplicate_of"]].to_numpy() > duplicates["reward"].to_numpy()).all()


@settings(deadline=None)
@given(frames, st.integers(0, 13))
def test_an_exact_repeat_is_always_found(df: pd.DataFrame, place: int) -> None:
    df = df[df["response"].notna()]
    if df.empty:
        return
    row = df.iloc[[place % len(df)]].assign(id="again", reward=pd.array([None], dtype="Float64"))
    marked = sd.mark_duplicates(pd.concat([df, row], ignore_index=True))
    assert marked["similarity"].iloc[-1] == 1
    assert marked["duplicate_of"].notna().iloc[-1]
