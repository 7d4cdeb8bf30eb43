"""Placeholders that people write into commands: `<name>`, `[OPTIONS]`, `...`, `{name}`, CONTAINER_ID."""

import re

# Characters that mean something to a shell, while they are part of a placeholder: moved into a private area of Unicode.
_PRIVATE = 0xE000
_HIDE = {code: _PRIVATE + code for code in range(32, 127) if not chr(code).isalnum()}
_SHOW = {hidden: code for code, hidden in _HIDE.items()}
_FOREIGN = dict.fromkeys(_SHOW, 65533)
_ANGLE = r"(?<!<)<[\w./@\[{*'\"-][^<>\n;&$`\\]{0,80}>(?![>&])"
_SQUARE = r"(?<![\w$\])}*?\"'=/.])\[[\w<.{-][^\[\]\n]{0,80}(?:\[[^\[\]\n]{0,40}\][^\[\]\n]{0,40})?\]"
_DOUBLE_BRACE = r"\{\{[ \t]?(?!(?:json|range|end|else|upper|lower|title|println)\b)[A-Za-z_][\w-]{0,40}[ \t]?\}\}"
_BRACE = r"(?<![\w$,{])\{[A-Za-z_][\w-]{0,40}\}(?:[kKmMgG][bB]?(?![\w]))?(?![\w,}])"
_DOTS = r"(?<!\w)\.\.\.|\.\.\.(?!\w)"
_PLACEHOLDER = re.compile("|".join((_ANGLE, _SQUARE, _DOUBLE_BRACE, _BRACE, _DOTS)))

# Names that stand for something: CONTAINER_ID, your-image, host_port, %CD%.
_STAND_IN = re.compile(
    r"…|%\w+%|\b[A-Z][A-Z0-9]*(?:[_-][A-Z0-9]+)+\b|^[A-Z]{3,}(?:\.\.\.)?$|\b(?:your|my|some|desired|the)[-_]\w"
    r"|\b(?:host|container|local|remote|target|source|image|volume|network|service)[-_]?"
    r"(?:port|ip|id|name|path|dir|directory|address|tag)\b",
)
# Of `--name=your-web` the name is no placeholder, whatever it looks like.
_FLAG_NAME = re.compile(r"^--?(?!(?:your|my|some)[-_]|(?:option|flag)s?$)[A-Za-z][\w.-]*(?==|$)")


def hide_placeholders(text: str) -> str:
    """Make placeholders plain words of the same length for a parser; show_placeholders undoes it."""

    def hide(match: re.Match[str]) -> str:
        found = match[0]
        # `cat <in >out 2>log` redirects; `<in >` is no name.
        return found if found[0] == "<" and re.search(r"\s\d?>$", found) else found.translate(_HIDE)

    return _PLACEHOLDER.sub(hide, text.translate(_FOREIGN))


def show_placeholders(text: str) -> str:
    """Undo hide_placeholders."""
    return text.translate(_SHOW)


def is_stand_in(text: str) -> bool:
    """Tell whether a word, or the value of a flag, is a name that stands for another: your-image, CONTAINER_ID."""
    return _STAND_IN.search(_FLAG_NAME.sub("", text, count=1)) is not None


def mask_placeholders(text: str) -> str:
    """Write letters for the marks of placeholders, on the same length: plain to any parser."""
    return re.sub(r"[\ue000-\ue0ff]", "x", hide_placeholders(text))
