"""Text that may be shown: what a model wrote can neither act on a page or terminal nor hide in it."""

import html
import re
from typing import Any

# Control characters but tab and newline, those that turn the direction of text or take no room, tags, and halves of surrogate
# pairs: they could hide or forge what is read, or stop it from being written.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)

_JOINERS = "\u200c\u200d"


def clean_text(value: Any) -> str:
    """Return text in which every unseen character is written as its escape, so that it can neither act nor hide."""
    return _UNSEEN.sub(lambda match: match[0].encode("unicode_escape").decode(), "" if value is None else str(value))


def strip_unseen(text: str) -> str:
    """Return text without its unseen characters, but for the joiners that some scripts are written with."""
    return _UNSEEN.sub(lambda match: match[0] if match[0] in _JOINERS else "", text)


def clean_line(value: Any) -> str:
    """Return text that stays on one line: as clean_text, and its tabs and line breaks written as escapes too."""
    return clean_text(value).replace("\n", "\\n").replace("\t", "\\t")


def escape_text(value: Any) -> str:
    """Return text that HTML shows as it stands."""
    return html.escape(clean_text(value))
