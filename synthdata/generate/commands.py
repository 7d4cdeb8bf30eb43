"""From the specification, backwards: real commands are drawn, then the questions are written whose answer they are."""

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from synthdata.base.errors import InputError
from synthdata.base.frame import check_columns, check_count, check_topic, make_id
from synthdata.generate.kinds import ANYBODY, COMMAND_KINDS, draw_kinds, draw_personas
from synthdata.generate.messages import ask_messages
from synthdata.generate.prompts import COMMAND_QUESTION_PROMPT, COMMAND_REVISION_PROMPT, fill_prompt
from synthdata.models.client import Client
from synthdata.quality.overlap.similarity import ASKING
from synthdata.verify.cli.specification import Specification, load_specification
from synthdata.verify.coverage import list_drawable, list_uses, read_source
from synthdata.verify.crawl.descriptions import describe_commands
from synthdata.verify.problems import Problem, add_problems

SHARES = {1: 5, 2: 3, 3: 2}  # how many options a drawn command has, as weights


def draw_commands(
    topic: str,
    program: str,
    n: int,
    *,
    shares: Mapping[int, float] | None = None,
    pairs: float = 0.15,
    covered: pd.DataFrame | None = None,
    describe: bool = True,
    seed: int = 1,
) -> pd.DataFrame:
    """Draw n real commands with real options, those first that no row exercises yet.

    program: the name of a specification, such as "docker". shares: number of options -> weight, SHARES when None. pairs: the
    share of rows, 0 to 1, that join two commands of one group. covered: what exists, with a column response; commands and
    options in it come last. describe: add what each does in the words of the installed client's own help, where it is installed.
    Output columns: topic, subtopic (the first command's group), program, source (the commands, each option with its kind of
    value), passage (what the commands and options do; "" where nothing is known). The same seed draws the same.
    Raises InputError for a client without a specification, or a count or share that is none.
    """
    topic, count = check_topic(topic), check_count("n", n)
    weights = dict(shares or SHARES)
    if not 0 <= pairs <= 1 or not any(weight > 0 for weight in weights.values()):
        raise InputError(
            f"draw_commands: pairs is {pairs!r}, shares {weights!r}: give a share from 0 to 1, and a weight above 0."
        )
    if covered is not None:
        check_columns(covered, "draw_commands", ("response",))
    rng, specification, drawable = random.Random(seed), load_specification(program), list_drawable(program)
    seen: dict[tuple[str, str], int] = {}
    for response in covered["response"].dropna() if covered is not None else ():
        for use in list_uses(response, program):
            _note(seen, use.path, use.flags)
    rows = []
    for _ in range(count):
        chosen = [_draw_path(rng, seen, drawable)]
        if rng.random() < pairs:
            group = chosen[0].split()[0]
            siblings = {path: drawable[path] for path in drawable if path.split()[0] == group and path not in chosen}
            chosen += [_draw_path(rng, seen, siblings)] if siblings else []
        drawn = {}
        for path in chosen:
            size = rng.choices(list(weights), list(weights.values()))[0] if len(chosen) == 1 else 1
            options = drawable[path]
            order = sorted(options, key=lambda name, path=path: (seen.get((path, name), 0), rng.random()))  # type: ignore[misc]
            drawn[path] = order[:size]
            _note(seen, path, drawn[path])
        rows.append((topic, chosen[0].split()[0], program, drawn))
    known = describe_commands(program, {path for *_, drawn in rows for path in drawn}) if describe else {}
    return pd.DataFrame(
        [
            (topic, subtopic, program, _write_source(specification, drawn), _write_passage(specification, drawn, known))
            for topic, subtopic, program, drawn in rows
        ],
        columns=["topic", "subtopic", "program", "source", "passage"],
        dtype="str",
    )


def generate_command_questions(
    drawn: pd.DataFrame,
    client: Client,
    *,
    personas: Sequence[str] = (),
    kinds: pd.DataFrame = COMMAND_KINDS,
    prompt: str = COMMAND_QUESTION_PROMPT,
    params: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Have the question written whose answer each drawn command is, and written once more where it does not stand on its own.

    Input columns: as draw_commands returns. personas: who asks, in turn. kinds: a table like COMMAND_KINDS. prompt: a template
    with {source}, {passage}, {persona} and {description}. params: sampling parameters.
    A question that names its command or an option, that asks for something else, that is too short, or that repeats its prompt
    is sent back once with the reason. Output columns: those given, with id, instruction, sample, persona, kind, and
    question_problem: what is wrong with the question still, null where nothing is. A row for which no question came is left out,
    which is said.
    """
    check_columns(drawn, "generate_command_questions", ("topic", "subtopic", "program", "source", "passage"))
    mix = draw_kinds(len(drawn), kinds)
    people = draw_personas(len(drawn), personas)
    prompts = [
        fill_prompt(
            prompt, "the question prompt", ("source",), source=row.source, passage=row.passage,
            persona=persona or ANYBODY, description=kind.description,
        )
        for row, kind, persona in zip(drawn.itertuples(), mix.itertuples(), people, strict=True)
    ]  # fmt: skip
    sources, programs, passages = (drawn[name].tolist() for name in ("source", "program", "passage"))
    questions, problems = ask_messages(
        prompts,
        client,
        lambda place, text: find_question_problem(text, sources[place], programs[place], passages[place]),
        COMMAND_REVISION_PROMPT,
        params=params,
    )
    out = drawn.assign(
        instruction=pd.array(questions, dtype="str"), sample=0, persona=pd.array(people, dtype="str"),
        kind=pd.array(mix["kind"], dtype="str"), question_problem=pd.array(problems, dtype="str"),
    )  # fmt: skip
    out = out[out["instruction"] != ""].drop_duplicates("instruction").reset_index(drop=True)
    ids = [make_id(row.topic, row.subtopic, row.instruction, 0) for row in out.itertuples()]
    print(
        f"questions: asked {len(drawn):,}, got {len(out):,}, of which {out['question_problem'].notna().sum():,} at fault"
    )
    return out.assign(id=pd.array(ids, dtype="str"))


def find_question_problem(question: str, source: str, program: str, passage: str = "") -> str | None:
    """Find what keeps a question from being one that a person would ask who does not know its answer; None for nothing.

    source, passage: what it was drawn from. Each option, or the command where it has none, must leave a trace: a word that begins
    as one of its name or description does. So a question about something else is found, and now and then one in other words.
    """
    words = re.findall(r"[\w'’-]+", question.lower())
    if len(words) < 8:
        return "it is too short to tell a situation"
    for use in read_source(source, program):
        named = next((flag for flag in sorted(use.flags) if f"--{flag}" in question), None)
        if named:
            return f"it names the option --{named}"
        if f"{program} {use.path}" in question.lower():
            return f"it names the command {program} {use.path}"
    if re.search(r"(?<![\w-])--?[a-z][\w-]*", question) or re.search(r"\b(?:option|flag)s?\b", question):
        return "it speaks of options"
    if re.match(r"(?:could|can|would) the (?:user|person)\b|the (?:person|user)\b|message:|command:", question, re.I):
        return "it speaks about the person and not as the person"
    begins = {word[:4] for word in words}
    for use in read_source(source, program):
        for name in [f"--{flag}" for flag in sorted(use.flags)] or [f"{program} {use.path}"]:
            described = next((line for line in passage.splitlines() if line.startswith(f"{name}:")), name)
            telling = set(re.findall(r"[a-z]{3,}", described.lower())) - {program, *ASKING.split()}
            # What is said of the command is no word of its option: "container" in "attach the container's input".
            telling -= set(
                re.findall(r"[a-z]{3,}", " ".join([use.path, passage.partition("\n")[0]]).lower()) if use.flags else ()
            )
            if telling and not begins & {word[:4] for word in telling}:
                return f"nothing in it asks for what {name} does"
    return None


def check_uses(df: pd.DataFrame) -> pd.DataFrame:
    """Check that each response uses what its question was drawn from, by the verifier's own reading; run it after verification.

    Input columns: response, program, source, verified, problems, and question_problem when present.
    Output columns: evidence, the commands of the response that use it, null where none does; verified is False and problems has
    a fatal problem of kind "not used" where a drawn command or option is missing, of kind "question" where the question has a
    problem. Rows without a program or a response stay as they are. Raises InputError for a missing column.
    """
    check_columns(df, "check_uses", ("response", "program", "source", "verified", "problems"))
    faults = df["question_problem"].tolist() if "question_problem" in df else [None] * len(df)
    evidence: list[str | None] = list(df["evidence"]) if "evidence" in df else [None] * len(df)
    problems: list[list[Problem]] = [[] for _ in range(len(df))]
    columns = zip(df["response"], df["program"], df["source"], faults, strict=True)
    for place, (response, program, source, fault) in enumerate(columns):
        if not (isinstance(response, str) and isinstance(program, str) and isinstance(source, str)):
            continue
        found = [Problem("question", fault)] if isinstance(fault, str) else []
        uses, used = list_uses(response, program), []
        for wanted in read_source(source, program):
            same = [use for use in uses if use.path == wanted.path]
            missing = wanted.flags - frozenset[str]().union(*(use.flags for use in same))
            if not same or missing:
                text = " ".join([program, wanted.path, *(f"--{flag}" for flag in sorted(missing))])
                found.append(Problem("not used", text))
            used += [use.text for use in same if use.flags & wanted.flags or not wanted.flags]
        evidence[place] = "\n".join(dict.fromkeys(used)) or None
        problems[place] = found
    return add_problems(df, problems).assign(evidence=pd.array(evidence, dtype="str"))


def _draw_path(rng: random.Random, seen: Mapping[tuple[str, str], int], drawable: Mapping[str, Sequence[str]]) -> str:
    """Draw a command: the more of it is not seen yet the likelier, by the root so that the largest does not take all."""
    weights = []
    for path, options in drawable.items():
        fresh = sum((path, name) not in seen for name in options) + ((path, "") not in seen)
        weights.append(max(fresh, 0.01) ** 0.5)
    return rng.choices(list(drawable), weights)[0]


def _note(seen: dict[tuple[str, str], int], path: str, names: Any) -> None:
    for name in ("", *names):
        seen[path, name] = seen.get((path, name), 0) + 1


def _write_source(specification: Specification, drawn: Mapping[str, Sequence[str]]) -> str:
    written = []
    for path, options in drawn.items():
        kinds = ((name, specification.commands[path].flags[name].rstrip("?!")) for name in options)
        flags = [f"--{name}" if kind == "bool" else f"--{name}={kind.upper()}" for name, kind in kinds]
        written.append(" ".join([specification.program, path, *flags]))
    return " && ".join(written)


def _write_passage(specification: Specification, drawn: Mapping[str, Sequence[str]], known: Any) -> str:
    """Write what the commands and options do, a line each; nothing where nothing is known."""
    lines = []
    for path, options in drawn.items():
        about, described = known.get(path, ("", {}))
        if about:
            lines.append(f"{specification.program} {path}: {about}")
        lines += [f"--{name}: {described[name]}" for name in options if name in described]
    return "\n".join(lines)
