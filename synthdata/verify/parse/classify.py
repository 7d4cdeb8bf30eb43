"""What a code block holds: its label where that is true, else how it looks.

Covers shell text, terminal sessions (prompts and output told apart), Dockerfile, Compose, YAML, JSON. Not covered: other
programming languages, PowerShell and cmd, which are "other" and are not looked at.
"""

import re

from synthdata.verify.parse.markdown import Block

_SHELL = {"bash", "sh", "shell", "zsh", "ksh", "ash", "dash", "bashrc", "shellscript", "shell-script"}

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

_WINDOWS_PROMPT = re.compile(r"^[ \t]{0,12}(?:PS [A-Za-z]:\\|[A-Z]:\\)[^\n>]{0,120}>", re.M)

_INSTRUCTION = re.compile(
    r"^(?:FROM|RUN|CMD|LABEL|MAINTAINER|EXPOSE|ENV|ADD|COPY|ENTRYPOINT|VOLUME|USER|WORKDIR|ARG|ONBUILD|STOPSIGNAL"
    r"|HEALTHCHECK|SHELL)[ \t]"
)

_COMPOSE = re.compile(r"^(?:services|volumes|networks|configs|secrets|include|version):", re.M)

_SERVICES = re.compile(r"^services:[ \t]*(?:#[^\n]*)?$", re.M)

_COMMANDLIKE = re.compile(
    r"^[ \t]*(?:sudo[ \t]|docker|git[ \t]|kubectl[ \t]|helm[ \t]|cd[ \t]|apt|curl[ \t]|mkdir[ \t])"
)


def classify_block(block: Block) -> str:
    """Decide what a block holds.

    Returns "shell", "session", "dockerfile", "compose", "yaml", "json", "daemon.json", "other" (not looked at), or
    "unlabelled": perhaps shell, so that commands may be looked for, but errors of syntax mean nothing.
    """
    text, language = block.text, block.language
    labelled = language in _SHELL or language in _SESSION
    if block.form == "inline":
        return "unlabelled"
    if not labelled and language not in _UNLABELLED | _DOCKERFILE | _YAML | _JSON:
        return "other"
    lines = [line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    if not lines or _WINDOWS_PROMPT.search(text):
        return "other"
    if any(_PROMPT.match(line) for line in lines):
        return "session"
    if language in _SESSION:
        return "session"
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
    if language in _SHELL or _COMMANDLIKE.match(lines[0]):
        return "shell"
    return "unlabelled"


def keep_commands(text: str) -> str:
    """Keep what is typed in a terminal session: prompts become spaces, output becomes empty lines; lines stay in place.

    A session without a `$` or named prompt may use `# `; one without any prompt is returned as it is.
    """
    lines = text.split("\n")
    pattern = next((p for p in (_PROMPT, _ROOT_PROMPT) if any(p.match(line) for line in lines)), None)
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
    # Kubernetes has kinds; the services of CI systems are a list.
    if re.search(r"^(?:apiVersion|kind|stages|jobs):|^services:[^\n]*\n(?:[ \t]*#[^\n]*\n)?[ \t]*- ", text, re.M):
        return "yaml"
    named = re.search(r"compose\.ya?ml|compose file", block.before[-300:], re.I)
    return "compose" if "services:" in keys or (named and keys) else "yaml"


def _looks_like_dockerfile(lines: list[str]) -> bool:
    starts = [bool(_INSTRUCTION.match(line)) for line in lines]
    return starts[0] and (sum(starts) * 2 >= len(starts) or lines[0].startswith("FROM "))
