"""A user's documents: what is read, what is skipped and said, where passages begin, whether a quotation is one."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import synthdata as sd
from synthdata.generate.passages import find_passage_problem, is_quoted, split_quote
from tests.nim_server import NimServer, make_chat

Connect = Callable[..., sd.Client]
LONG = "The pump of the greenhouse runs for nine minutes every morning, and again at noon when the soil is dry."
GUIDE = f"""# Greenhouse

{LONG}

## Alarm

The alarm sounds when the tank holds less than forty litres. Press the green button twice to silence it for one hour.

```
# not a heading
tank --level
```

### Tank

short
"""


def write_pdf(path: Path, text: str) -> None:
    """Write a PDF of one page by hand, so that no library both writes and reads it."""
    stream = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode() if text else b""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 900 200] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    path.write_bytes(
        body + b"xref\n0 6\n0000000000 65535 f \n" + table
        + b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(body)
    )  # fmt: skip


def test_passages_begin_at_headings_and_keep_their_source(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "guide.md").write_text(GUIDE)
    df = sd.read_documents(tmp_path)
    assert df["source"].tolist() == ["a/guide.md § Greenhouse", "a/guide.md § Greenhouse › Alarm"]
    assert df["passage"][0] == LONG
    assert "# not a heading\ntank --level" in df["passage"][1]


def test_a_long_section_is_cut_between_paragraphs(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("\n\n".join(f"{n}. {LONG}" for n in range(20)))
    df = sd.read_documents(tmp_path / "x.txt", size=400)
    assert len(df) > 5
    assert df["passage"].str.len().max() <= 400
    assert "\n\n".join(df["passage"]) == (tmp_path / "x.txt").read_text()


def test_what_cannot_be_read_is_named_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "good.md").write_text(GUIDE)
    (tmp_path / "same.md").write_text(GUIDE)
    (tmp_path / "binary.txt").write_bytes(b"\0\1\2" * 100)
    (tmp_path / "latin.txt").write_bytes("Grüße ".encode("latin-1") * 30)
    (tmp_path / "empty.md").write_text("")
    (tmp_path / "wide.txt").write_bytes(("x" + LONG).encode("utf-16"))
    (tmp_path / ".hidden.md").write_text(GUIDE.replace("nine", "ten"))
    (tmp_path / "code.py").write_text("print()")
    with (tmp_path / "huge.txt").open("wb") as file:
        os.truncate(file.fileno(), 21 * 2**20)
    df = sd.read_documents(tmp_path)
    said = capsys.readouterr().out
    assert "documents: 3 of 7 files read, 3 passages" in said
    assert set(df["source"].str.split(" § ").str[0]) == {"good.md", "wide.txt"}
    for name, why in (
        ("binary.txt", "no text"), ("latin.txt", "not UTF-8"), ("empty.md", "holds no text"), ("huge.txt", "21 MB"),
    ):  # fmt: skip
        assert any(name in line and why in line for line in said.splitlines()), name


def test_pdf_and_its_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pypdf = pytest.importorskip("pypdf")
    write_pdf(tmp_path / "good.pdf", LONG)
    write_pdf(tmp_path / "scan.pdf", "")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 and then nothing that is one")
    writer = pypdf.PdfWriter(clone_from=tmp_path / "good.pdf")
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(tmp_path / "locked.pdf")
    df = sd.read_documents(tmp_path)
    said = capsys.readouterr().out
    assert df["source"].tolist() == ["good.pdf § page 1"]
    assert df["passage"][0].strip() == LONG
    for name, why in (("scan", "a scan"), ("broken", "cannot be read"), ("locked", "encrypted")):
        assert any(f"{name}.pdf" in line and why in line for line in said.splitlines()), said


def test_html_keeps_its_text_and_loses_its_menu(tmp_path: Path) -> None:
    pytest.importorskip("markdownify")
    menu = "<nav><a href=/>Home</a></nav><script>alert()</script>"
    page = f"<html><title>T</title><body>{menu}<h1>Greenhouse</h1><p>{LONG} <a href=x>More</a>.</p></body></html>"
    (tmp_path / "x.html").write_text(page)
    df = sd.read_documents(tmp_path)
    assert LONG in df["passage"][0]
    assert not any(word in df["passage"][0] for word in ("Home", "alert", "href"))
    assert df["source"][0] == "x.html § Greenhouse"


def test_html_that_is_nested_too_deep_is_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("markdownify")
    (tmp_path / "deep.html").write_text("<div>" * 3000 + LONG)
    (tmp_path / "good.md").write_text(GUIDE)
    assert len(sd.read_documents(tmp_path)) == 2
    assert "skipped deep.html (its parts" in capsys.readouterr().out


def test_a_quotation_is_looked_for_near_the_end_alone() -> None:
    assert split_quote("Quote: a b c d" + "\n" * 20_000 + "x") == ("Quote: a b c d" + "\n" * 20_000 + "x", "")


def test_a_link_that_leads_outside_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text(GUIDE)
    inside = tmp_path / "docs"
    inside.mkdir()
    (inside / "link.md").symlink_to(tmp_path / "secret.md")
    with pytest.raises(sd.InputError, match="nothing could be read"):
        sd.read_documents(inside)


def test_no_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(sd.InputError, match="does not exist"):
        sd.read_documents(tmp_path / "none")


@given(st.text(max_size=600))
def test_any_text_is_cut_without_losing_or_inventing_a_word(text: str) -> None:
    from synthdata.generate.documents import _cut_passages

    words = text.split()
    for _, passage in _cut_passages(text, 100):
        assert set(passage.split()) <= set(words)


def test_questions_and_answers_keep_their_passage(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "guide.md").write_text(GUIDE)
    passages = sd.read_documents(tmp_path)
    quote = "Press the green button twice to silence it for one hour."

    def behave(server: NimServer, body: dict[str, Any]) -> Any:
        text = body["messages"][0]["content"]
        if "begins with Quote:" in text:
            assert "green button" in text or "nine minutes" in text
            copied = quote if "forty litres" in text else "The pump runs for ten minutes every single morning."
            return make_chat(f"It is so and so, I think.\n\nQuote: “{copied}”")
        if len(body["messages"]) > 1:
            return make_chat("How do I silence the alarm of the greenhouse for an hour?")
        if "forty litres" in text:
            return make_chat("What does the passage say of the alarm?")
        return make_chat("When does the pump of the greenhouse run?")

    with NimServer(behave) as server:
        client = connect(server)
        questions = sd.generate_passage_questions("Greenhouse", passages, 1, client)
        assert sorted(questions["instruction"]) == [
            "How do I silence the alarm of the greenhouse for an hour?", "When does the pump of the greenhouse run?",
        ]  # fmt: skip
        rows = sd.generate_responses(questions, client, prompt=sd.PASSAGE_RESPONSE_PROMPT)
    out = sd.check_quotes(sd.verify_responses(rows)).set_index("instruction")
    good, bad = (out.loc[name] for name in sorted(out.index))
    assert good["evidence"] == quote
    assert good["verified"]
    assert good["response"] == "It is so and so, I think."
    assert pd.isna(bad["evidence"])
    assert not bad["verified"]
    assert bad["problems"][0]["kind"] == "not in the passage"
    decided = sd.apply_thresholds(out.reset_index(), sd.Thresholds())
    assert "unverified: not in the passage" in decided["reject_reason"].tolist()


@pytest.mark.parametrize(
    ("quote", "quoted"),
    [
        ("the alarm sounds when the tank holds less than forty litres", True),
        ("The alarm\nsounds when the tank holds **less than** forty litres.", True),
        ("The alarm sounds … less than forty litres", True),
        ("less than forty litres … The alarm sounds when", False),
        ("The alarm sounds when the tank holds less than fourteen litres", False),
        ("The alarm sounds when the tank holds less than forty litre", False),
        ("the tank holds no less than forty litres", False),
        ("the tank", False),
        ("...", False),
        ("", False),
    ],
)
def test_a_quotation_is_word_for_word(quote: str, quoted: bool) -> None:
    assert is_quoted(quote, GUIDE) is quoted


def test_a_sign_that_changes_the_meaning_counts() -> None:
    passage = "Set the limit to -5 degrees or use the option --no-frost at night, costs 1.50 each."
    assert is_quoted("limit to -5 degrees or use", passage)
    assert not is_quoted("limit to 5 degrees or use", passage)
    assert not is_quoted("use the option --frost at night", passage)
    assert not is_quoted("at night, costs 150 each", passage)


@given(
    st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]), min_size=4, max_size=30),
    st.data(),
)
def test_every_run_of_a_passages_words_is_quoted(words: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(words) - 4))
    end = data.draw(st.integers(start + 4, len(words)))
    assert is_quoted(" ".join(words[start:end]).upper(), " ".join(words))


@pytest.mark.parametrize(
    ("response", "answer", "quote"),
    [
        ("A.\n\nQuote: b c d e", "A.", "b c d e"),
        ("A.\n**Quote:** \"b c\nd e\"", "A.", "b c\nd e"),
        ("Quote: b c", "", "b c"),
        ("A. Quote: b c", "A.", "b c"),
        ("He said: quote: nothing", "He said: quote: nothing", ""),
        ("A. quote", "A. quote", ""),
        ("Quote: first one.\n\nIt is so.\n\nQuote: the last one", "Quote: first one.\n\nIt is so.", "the last one"),
    ],
)  # fmt: skip
def test_the_quotation_is_split_off(response: str, answer: str, quote: str) -> None:
    assert split_quote(response) == (answer, quote)


@pytest.mark.parametrize("question", ["What does the passage say?", "According to the manual, when is it?", "Why?"])
def test_a_question_must_stand_alone(question: str) -> None:
    assert find_passage_problem(question)
