"""What a model wrote stands on a page or in a terminal as text: it cannot act, and nothing in it is typeset."""

import pandas as pd

import synthdata as sd
from synthdata.filtering.review.pages import make_bundle

HOSTILE = "$\\href{http://127.0.0.1/x}{docs}$ \x1b]8;;http://127.0.0.1/x\x07x\x1b]8;;\x07 \u202etxt.exe"


def has_controls(text: str) -> bool:
    return any((ord(sign) < 32 and sign not in "\n\t") or 0x202A <= ord(sign) <= 0x202E for sign in text)


def test_rows_to_look_at_hold_no_control_characters() -> None:
    df = pd.DataFrame({"instruction": [HOSTILE, "plain", None], "rows": [1, 2, 3], "problems": [[], [{"a": 1}], None]})
    shown = sd.preview_rows(df, 2)
    assert not has_controls(shown.to_string())
    assert shown.iloc[1].tolist() == ["plain", 2, [{"a": 1}]]
    assert df["instruction"].iloc[0] == HOSTILE


def test_pages_are_not_typeset_and_hold_no_control_characters() -> None:
    bundle = make_bundle("<p>$x$</p>", HOSTILE)
    assert bundle["text/html"].startswith('<div class="tex2jax_ignore mathjax_ignore">')
    assert not has_controls(bundle["text/plain"])


def test_the_table_of_wrong_commands_holds_no_control_characters() -> None:
    problem = {"text": f"docker {HOSTILE}", "kind": "unknown command", "suggestion": HOSTILE, "fatal": True}
    assert not has_controls(sd.list_worst_commands(pd.DataFrame({"problems": [[problem]]})).to_string())
