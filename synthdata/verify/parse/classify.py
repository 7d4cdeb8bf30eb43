"""What a code block holds: its label where that is true, else how it looks."""

import re

from synthdata.verify.parse.markdown import Block

_SHELL = {"bash", "sh", "shell", "zsh", "ksh", "ash", "dash", "bashrc", "shellscript", "shell-script"}
# Their own syntax is not judged; the commands of a CLI are the same in them.
_OTHER_SHELL = {
    "fish", "powershell", "ps1", "ps", "pwsh", "posh", "cmd", "bat", "batch", "dos", "winbatch", "nushell", "nu",
    "xonsh", "csh", "tcsh", "diff", "patch",
}  # fmt: skip
_MAKE = {"makefile", "make", "mk", "gnumake"}
_UNIT = {"ini", "systemd", "service", "unit", "conf", "toml", "desktop"}
_CODE = {
    "python": "python", "py": "python", "python3": "python", "py3": "python",
    "javascript": "javascript", "js": "javascript", "node": "javascript", "jsx": "javascript", "mjs": "javascript",
    "typescript": "typescript", "ts": "typescript", "tsx": "tsx", "go": "go", "golang": "go", "java": "java",
    "rust": "rust", "rs": "rust", "ruby": "ruby", "rb": "ruby", "c": "c", "php": "php",
    "sql": "sql", "postgresql": "sql", "mysql": "sql", "sqlite": "sql", "psql": "sql",
    "hcl": "hcl", "terraform": "hcl", "tf": "hcl",
    "c++": "cpp", "cpp": "cpp", "csharp": "c_sharp", "cs": "c_sharp", "c#": "c_sharp",
}  # fmt: skip
_SESSION = {
    "console", "shell-session", "shellsession", "sh-session", "bash-session", "session", "terminal", "term", "cli",
    "command", "commandline", "command-line",
}  # fmt: skip
_UNLABELLED = {"", "text", "txt", "plain", "plaintext", "none", "code", "docker", "git", "kubectl", "kubernetes", "k8s"}
_DOCKERFILE = {"dockerfile", "containerfile"}
_YAML = {"yaml", "yml", "docker-compose", "compose", "docker-compose.yml", "compose.yaml"}
_JSON = {"json", "jsonc", "json5"}

_PROMPT = re.compile(
    r"^[ \t]{0,12}(?:\([\w.-]{1,40}\) )?"
    r"(?:[\w.-]{1,40}@[\w.-]{1,60}[^\n$#%]{0,80}[$#%]|\[[^\]\n]{1,80}\][$#]|[\w./~-]{0,80}[$❯➜]|%|/[\w./-]{0,80} #"
    r"|(?:ba|z|k)?sh(?:-[\d.]{1,5})?[$#])[ \t]+(?=\S)"
)
_ROOT_PROMPT = re.compile(r"^[ \t]{0,12}#[ \t]+(?=\S)")
_WINDOWS_PROMPT = re.compile(
    r"^[ \t]{0,12}(?:PS(?: [A-Za-z]:\\[^\n>]{0,120}| ?~?[^\n>]{0,40})?|[A-Z]:\\[^\n>]{0,120})>[ \t]*(?=\S)"
)
_BARE_PROMPT = re.compile(r"^[ \t]{0,12}>[ \t]+(?=[a-z])")

_INSTRUCTION = re.compile(
    r"^(?:FROM|RUN|CMD|LABEL|MAINTAINER|EXPOSE|ENV|ADD|COPY|ENTRYPOINT|VOLUME|USER|WORKDIR|ARG|ONBUILD|STOPSIGNAL"
    r"|HEALTHCHECK|SHELL)[ \t]"
)

_COMPOSE = re.compile(r"^(?:services|volumes|networks|configs|secrets|include|version):", re.M)
_SERVICES = re.compile(r"^services:[ \t]*(?:#[^\n]*)?$", re.M)

_COMMANDLIKE = re.compile(
    r"^[ \t]*(?:sudo[ \t]|docker|git[ \t]|kubectl[ \t]|helm[ \t]|cd[ \t]|apt|curl[ \t]|mkdir[ \t])"
)
# Words of which commands have none, or one at most.
_LITTLE_WORDS = frozenset(
    """
a an the is are was were be its it this that these those you your we our they their has have had can could will would
should may might must not no does do did and or but if when which who what how why because so than then there here of
stores uses provides allows supports means shows about
""".split()  # noqa: SIM905
)


def classify_block(block: Block) -> str:
    """Decide what a block holds.

    Returns "shell", "session", "dockerfile", "compose", "yaml", "json", "daemon.json", "makefile", "unit" (systemd), "code"
    (of a language in list_language's sense), "other" (not looked at), or "unlabelled": perhaps shell, so that commands may be
    looked for, but errors of syntax mean nothing.
    """
    text, language = block.text, block.language
    if block.form in ("inline", "prose"):
        return "unlabelled"
    if language in _CODE:
        return "code"
    if language in _MAKE:
        return "makefile"
    if language in _UNIT:
        return "unit" if re.search(r"^\s*Exec\w+\s*=", text, re.M) else "other"
    if language in _OTHER_SHELL:
        return "unlabelled"
    labelled = language in _SHELL or language in _SESSION
    if not labelled and language not in _UNLABELLED | _DOCKERFILE | _YAML | _JSON:
        return "other"
    lines = [line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        return "session" if language in _SESSION and any(map(_ROOT_PROMPT.match, text.split("\n"))) else "other"
    if any(_PROMPT.match(line) or _WINDOWS_PROMPT.match(line) for line in lines):
        return "session"
    if language in _SESSION:
        return "session"
    if language in _SHELL and not (lines[0].startswith("FROM ") and _looks_like_dockerfile(lines)):
        return "shell"  # whatever its lines look like: a heredoc of YAML, a test in brackets
    if lines[0].lstrip()[0] in "{[" and lines[-1].rstrip()[-1] in "}]" and (language in _JSON or '"' in text):
        return "daemon.json" if "daemon.json" in block.before[-300:] else "json"
    if language in _JSON:
        return "json" if lines[0].lstrip()[0] in '{["' else "other"
    if language in _YAML:
        return _classify_yaml(block)
    if language in _DOCKERFILE or _looks_like_dockerfile(lines):
        # A file and the commands that build it, in one block, are no file; the commands can still be judged.
        return "unlabelled" if any(map(_COMMANDLIKE.match, lines)) else "dockerfile"
    if _SERVICES.search(text) and not _COMMANDLIKE.match(lines[0]):
        return _classify_yaml(block)
    return "shell" if _COMMANDLIKE.match(lines[0]) and not language and not is_prose(lines[0]) else "unlabelled"


def list_language(block: Block) -> str:
    """Name the programming language of a block by its label; "" where it has none that is known."""
    return _CODE.get(block.language, "")


def is_prose(line: str) -> bool:
    """Tell whether a line that begins like a command is a sentence, or output: it has little words, or words with commas."""
    words = line.split()[1:]
    if any(re.search(r"[a-z\d],$", word) for word in words):
        return True
    if re.search(r"[.!?:]$", line.strip()) and not re.search(r"(?:\s|/)\.{1,2}/?$|\.\.\.$", line.strip()):
        return True
    if any(word.startswith("-") for word in words):
        return False
    plain = re.sub(r"\"[^\"]*\"|'[^']*'", " ", line).split()[1:]
    return sum(word.lower() in _LITTLE_WORDS for word in plain) >= (1 if len(plain) > 2 else 2)


def prepare_commands(block: Block, kind: str) -> str:
    """Write a block of unknown or foreign shell so that its commands stand as in bash, line by line.

    Prompts, numbers of a list and the marks of a diff become spaces; sentences and output become empty lines; the line ends
    with which PowerShell and cmd continue a line become a backslash.
    """
    text = keep_commands(block.text) if kind == "session" else block.text
    if kind == "session" or block.form in ("inline", "prose"):
        return re.sub(r"^[ \t]*[$#>%❯➜][ \t]+(?=\S)", lambda match: " " * len(match[0]), text)
    lines = text.split("\n")
    if block.language in ("diff", "patch"):
        lines = [f" {line[1:]}" if line[:1] == "+" and line[:3] != "+++" else "" for line in lines]
    windows = block.language in ("powershell", "ps1", "ps", "pwsh", "posh", "cmd", "bat", "batch", "dos")
    kept = []
    for line in lines:
        if windows:
            line = re.sub(r"[ \t][`^][ \t]*$", " \\\\", line)
        line = re.sub(r"^[ \t]*(?:\d{1,2}[.)]|[>❯➜])[ \t]+(?=[a-z])", lambda match: " " * len(match[0]), line)
        if block.language not in _SHELL and kind == "unlabelled" and is_prose(line):
            line = ""
        kept.append(line)
    return "\n".join(kept)


def keep_commands(text: str) -> str:
    """Keep what is typed in a terminal session: prompts become spaces, output becomes empty lines; lines stay in place.

    A session without a `$` or named prompt may use `# `; one without any prompt is returned as it is.
    """
    lines = text.split("\n")
    patterns = (_PROMPT, _WINDOWS_PROMPT, _ROOT_PROMPT, _BARE_PROMPT)
    pattern = next((p for p in patterns if any(p.match(line) for line in lines)), None)
    if pattern is None:
        return text
    kept, continued = [], False
    for line in lines:
        match = pattern.match(line)
        if match:
            typed = " " * match.end() + line[match.end() :]
        elif continued:
            typed = re.sub(r"^[ \t]*>(?=[ \t])", " ", line)
        else:
            typed = ""
        kept.append(typed)
        continued = typed.rstrip().endswith("\\")
    return "\n".join(kept)


def _classify_yaml(block: Block) -> str:
    text = block.text
    keys = set(_COMPOSE.findall(text))
    if re.search(r"^[ \t]+(?:env:|credentials:|options:[ \t]*(?:[>|]|[\"']?--))", text, re.M) and not re.search(
        r"^[ \t]+environment:", text, re.M
    ):
        return "yaml"  # the services of a GitHub Actions job
    # Kubernetes has kinds; the services of CI systems are a list.
    if re.search(r"^(?:apiVersion|kind|stages|jobs):|^services:[^\n]*\n(?:[ \t]*#[^\n]*\n)?[ \t]*- ", text, re.M):
        return "yaml"
    named = re.search(r"compose\.ya?ml|compose file", block.before[-300:], re.I)
    return "compose" if "services:" in keys or (named and keys) else "yaml"


def _looks_like_dockerfile(lines: list[str]) -> bool:
    starts = [bool(_INSTRUCTION.match(line)) for line in lines]
    return starts[0] and (sum(starts) * 2 >= len(starts) or lines[0].startswith("FROM "))
