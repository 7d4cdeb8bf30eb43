"""A user's own documents -> passages with their source, from which questions are asked and answers are quoted."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.extras import load_extra
from synthdata.base.frame import check_count
from synthdata.base.text import clean_line

LARGEST = 20 * 2**20  # bytes; a larger file is no document that somebody wrote
SHORTEST = 80  # characters; a heading with a line below it holds no answer
SUFFIXES = (".md", ".markdown", ".txt", ".html", ".htm", ".pdf")


def read_documents(folder: str | os.PathLike[str], *, size: int = 1_500) -> pd.DataFrame:
    """Read the documents below a folder and cut them into passages, at headings and between paragraphs.

    folder: a folder, or one file: Markdown, plain text, HTML, PDF (HTML and PDF need the extra "documents"). Names that begin
    with a dot, and what links lead to outside, are passed over. size: characters in a passage, at most; a fenced block or a
    paragraph that is longer stands alone.
    Output columns: source (the path below the folder, § and the headings it stands under; for a PDF its page), passage.
    A passage of fewer than 80 characters is left out, and one that stood before is not repeated. A file that is broken, encrypted,
    scanned, no text or larger than 20 MB is skipped: each is named with its reason, and counted. Raises InputError when there is no
    such folder, or nothing in it can be read.
    """
    root, room = Path(folder), check_count("size", size)
    if not root.exists():
        raise InputError(
            f"DOCUMENTS is {str(folder)!r}, which does not exist: give the folder that holds your documents."
        )
    rows: dict[str, str] = {}
    skipped: list[str] = []
    files = _list_files(root)
    for path in files:
        name = path.name if root.is_file() else path.relative_to(root).as_posix()
        try:
            passages = [
                (place, heading, passage)
                for place, text in _read_file(path)
                for heading, passage in _cut_passages(text, room)
            ]
            if not passages:
                raise ValueError("it holds no text of any length")
        except (ValueError, OSError) as reason:
            skipped.append(f"{clean_line(name)} ({clean_line(str(reason))[:120]})")
            continue
        for place, heading, passage in passages:
            rows.setdefault(passage, " § ".join(filter(None, (name, place, heading))))
    print(f"documents: {len(files) - len(skipped):,} of {len(files):,} files read, {len(rows):,} passages")
    for said in skipped:
        print(f"documents: skipped {said}")
    if not rows:
        known = ", ".join(SUFFIXES)
        raise InputError(
            f"DOCUMENTS is {str(folder)!r}, in which nothing could be read: there must be files in {known}."
        )
    return pd.DataFrame({"source": list(rows.values()), "passage": list(rows)}, dtype="str")


def _list_files(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    inside = root.resolve()
    return sorted(
        path for path in root.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.is_file() and path.resolve().is_relative_to(inside)
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
    )  # fmt: skip


def _read_file(path: Path) -> list[tuple[str, str]]:
    """Read one file: its text, or that of each page with the page's name. Raises ValueError with the reason why not."""
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path.stat().st_size / 2**20:,.0f} MB: more than {LARGEST / 2**20:,.0f} are not read")
    suffix = path.suffix.lower()
    if suffix == ".pdf":
        return _read_pdf(path)
    data = path.read_bytes()
    if suffix in (".html", ".htm"):
        return [("", _read_html(data))]
    return [("", _decode(data))]


def _read_html(data: bytes) -> str:
    """Write a page as Markdown, without what stands around its text; the library decodes by what the page says of itself."""
    markdownify = load_extra("markdownify", "documents", "reading HTML")
    bs4 = load_extra("bs4", "documents", "reading HTML")
    try:
        page = bs4.BeautifulSoup(data, "html.parser")
        for part in page(
            ["script", "style", "template", "noscript", "nav", "header", "footer", "aside", "form", "title"]
        ):
            if part.name != "header" or part.find_parent(["article", "main"]) is None:
                part.decompose()
        body = page.main or page.body or page
        return str(markdownify.MarkdownConverter(heading_style="ATX", strip=["a", "img"]).convert_soup(body))
    except RecursionError:
        raise ValueError("its parts stand too deep in one another") from None


def _decode(data: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if b"\0" in data:
        raise ValueError("it is no text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8: save it as UTF-8") from None


def _read_pdf(path: Path) -> list[tuple[str, str]]:
    pypdf = load_extra("pypdf", "documents", "reading PDF")
    try:
        reader = pypdf.PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise ValueError("it is encrypted: save a copy without a password")
        pages = [(f"page {n}", page.extract_text()) for n, page in enumerate(reader.pages, start=1)]
    except ValueError:
        raise
    except Exception as fault:  # a damaged file raises whatever the code that met it raises
        raise ValueError(f"it cannot be read as a PDF: {type(fault).__name__}") from fault
    if not any(text.strip() for _, text in pages):
        raise ValueError("it has no text: a scan needs character recognition first")
    return pages


def _cut_passages(text: str, room: int) -> Iterator[tuple[str, str]]:
    """Cut Markdown into passages, each with the headings that it stands under.

    A heading begins one, paragraphs are joined while they fit, fenced blocks stay whole.
    """
    headings: list[tuple[int, str]] = []
    held: list[str] = []

    def flush() -> Iterator[tuple[str, str]]:
        body = "\n\n".join(held).strip()
        held.clear()
        if len(body) >= SHORTEST:
            yield " › ".join(title for _, title in headings), body

    for piece in _split_paragraphs(text):
        if match := re.match(r"(#{1,6})\s+(.+?)\s*#*$", piece):
            yield from flush()
            level = len(match[1])
            headings = [*((depth, title) for depth, title in headings if depth < level), (level, match[2])]
            continue
        if held and sum(map(len, held)) + len(piece) > room:
            yield from flush()
        held.append(piece)
    yield from flush()


def _split_paragraphs(text: str) -> Iterator[str]:
    """Split a text at empty lines and before and after headings, but not inside a fenced block."""
    held: list[str] = []
    fence = ""
    for line in text.replace("\r\n", "\n").split("\n"):
        mark = re.match(r"\s{0,3}(`{3,}|~{3,})", line)
        if mark and (not fence or line.strip() == fence):
            fence = "" if fence else mark[1]
        heading = not fence and re.match(r"#{1,6}\s", line)
        if held and (heading or (not fence and not line.strip())):
            yield "\n".join(held)
            held = []
        if heading:
            yield line
        elif line.strip() or fence:
            held.append(line.rstrip())
    if held:
        yield "\n".join(held)
