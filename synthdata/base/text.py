"""Text that may be shown: what a model wrote can neither act on a page or terminal nor hide in it."""

import html
import re
from typing import Any

# Control characters but tab and newline, and those that turn the direction of text: they could hide or forge what is read.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def clean_text(value: Any) -> str:
    """Return text in which every unseen character is written as its escape, so that it can neither act nor hide."""
    return _UNSEEN.sub(lambda match: match[0].encode("unicode_escape").decode(), "" if value is None else str(value))


def escape_text(value: Any) -> str:
    """Return text that HTML shows as it stands."""
    return html.escape(clean_text(value))
