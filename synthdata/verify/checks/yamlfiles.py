"""Check YAML files: that they parse, and that Docker Compose would take those that are meant for it.

Several documents in one text, tabs, placeholders and elisions are read as their writers meant them. Text with Go templates, and
text nested or aliased beyond reason, is left alone and said to be.
"""

import functools
import re
from typing import Any

import orjson

from synthdata.verify.cli.suggest import suggest_name
from synthdata.verify.problems import Problem

_MAX_DEPTH = 100  # the C parser below PyYAML recurses, and no file that people write nests deeper

_MAX_ALIASES = 20  # aliases of aliases grow as a power of their number when a schema walks them

MASK = "zq"


def check_yaml(text: str) -> list[Problem]:
    """Check that a text is YAML: at most one problem, its line counted from 1 in the text."""
    return parse_yaml(prepare_yaml(text))[1]


def can_judge_compose(text: str) -> bool:
    """Tell whether a Compose text holds a document to judge: none does that is templated or too complex to be read."""
    documents, problems = parse_yaml(prepare_yaml(text))
    return not problems and any(isinstance(value, dict) for _, value in documents)


def check_compose(text: str) -> list[Problem]:
    """Check a Compose file or fragment against the schema of the Compose specification."""
    prepared = prepare_yaml(text)
    documents, problems = parse_yaml(prepared)
    if problems:
        return problems
    for node, value in documents:
        if not isinstance(value, dict):
            continue
        try:
            # Keys as text, aliases written out; a file that contains itself has no such form.
            value = orjson.loads(orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS))
        except TypeError:
            continue
        for error in _make_validator().iter_errors(value):
            problems += explain_error(error, node, text)
        problems += _check_references(value, node)
    return list(dict.fromkeys(problems))


def _check_references(value: dict[str, Any], node: Any) -> list[Problem]:
    """Find networks, volumes, secrets, configs and services that a whole Compose file uses and does not define."""
    services = value.get("services")
    if not isinstance(services, dict) or "include" in value:
        return []
    if not all(isinstance(s, dict) and (s.keys() & {"image", "build", "extends"}) for s in services.values()):
        return []  # a fragment: what it does not define may stand in the rest
    problems = []
    for name, service in services.items():
        for kind in ("networks", "secrets", "configs"):
            defined = {*(value.get(kind) or {}), *({"default"} if kind == "networks" else ())}
            for place, used in enumerate(_list_names(service.get(kind))):
                if used not in defined and _is_certain(used):
                    line = find_line(node, ["services", name, kind, used if isinstance(service[kind], dict) else place])
                    problems.append(
                        Problem("compose reference", f"{kind}: {used}", line, f"is not defined under {kind}")
                    )
        for used in _list_names(service.get("depends_on")):
            if used not in services and _is_certain(used):
                line = find_line(node, ["services", name, "depends_on"])
                problems.append(Problem("compose reference", f"depends_on: {used}", line, "is no service of this file"))
        for place, mount in enumerate(service.get("volumes") or ()):
            source = mount.get("source") if isinstance(mount, dict) and mount.get("type") == "volume" else None
            if isinstance(mount, str) and (match := re.match(r"([A-Za-z\d][\w.-]*):/", mount)) and len(match[1]) > 1:
                source = match[1]
            if isinstance(source, str) and source not in (value.get("volumes") or {}) and _is_certain(source):
                line = find_line(node, ["services", name, "volumes", place])
                problems.append(
                    Problem("compose reference", f"volumes: {source}", line, "is not defined under volumes")
                )
    return problems


def _list_names(used: Any) -> list[str]:
    if isinstance(used, dict):
        return list(used)
    items = used if isinstance(used, list) else []
    names = [item.get("source") if isinstance(item, dict) else item for item in items]
    return [name for name in names if isinstance(name, str)]


def _is_certain(name: str) -> bool:
    return MASK not in name and "$" not in name and name not in ("...", "…")


def prepare_yaml(text: str) -> str:
    """Make placeholders words and elisions comments, so that a parser reads the rest."""
    text = text.encode("utf-8", "replace").decode()  # half a surrogate pair stops the parser
    # Placeholders become words; a line that only says that something was left out becomes a comment.
    text = re.sub(r"<[A-Za-z][^<>\n]{0,60}>", lambda match: (MASK * 40)[: len(match[0])], text)
    return re.sub(r"(?m)^([ \t]*)(?:- )?(?:\.\.\.|…)[ \t]*$", r"\1#", text)


def parse_yaml(text: str) -> tuple[list[tuple[Any, Any]], list[Problem]]:
    """Parse a prepared text: for each document its node and value, and a problem where it does not parse."""
    import yaml

    if "{{" in text:
        return [], []
    if _is_too_deep(text) or _has_many_aliases(text):
        return [], [Problem("too complex", "YAML nested or aliased beyond reason", 1, "was not read", fatal=False)]
    documents, loader = [], _make_loader()(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            documents.append((node, loader.construct_document(node)))
    except yaml.MarkedYAMLError as cause:
        mark = cause.problem_mark or cause.context_mark
        line = mark.line + 1 if mark else 1
        lines = text.split("\n")
        shown = next((shown for shown in reversed(lines[:line]) if shown.strip()), "")
        advice = (
            "indent with spaces, not tabs" if shown.startswith("\t") or "'\\t'" in str(cause.problem) else cause.problem
        )
        return [], [Problem("yaml", shown.strip()[:120], line, str(advice or ""))]
    except yaml.YAMLError as cause:  # characters that YAML does not allow
        return [], [Problem("yaml", "", 1, str(cause).split("\n")[0][:120])]
    except (ValueError, TypeError, RecursionError, OverflowError):
        return [], []  # a date or number that PyYAML reads and Python cannot hold; not the file's fault
    finally:
        loader.dispose()
    return documents, []


def _has_many_aliases(text: str) -> bool:
    """Aliases of aliases, and merged keys, grow as a power of their number when they are read."""
    aliases = len(re.findall(r"(?:^|[\s\[{,:-])\*[\w.-]", text))
    return aliases > _MAX_ALIASES or (aliases > 4 and len(re.findall(r"(?:^|[\s\[{,:-])&[\w.-]", text)) > 6)


def _is_too_deep(text: str) -> bool:
    depth = deepest = 0
    for mark in re.findall(r"[\[{\]}]", text):
        depth = max(0, depth + (1 if mark in "[{" else -1))
        deepest = max(deepest, depth)
    dashes = max((len(match[0]) for match in re.finditer(r"(?m)^[ \t]*(?:[-?:][ \t]+)*", text)), default=0)
    return deepest > _MAX_DEPTH or dashes > 4 * _MAX_DEPTH


@functools.cache
def _make_loader() -> Any:
    import yaml

    class Loader(yaml.CSafeLoader):
        """Reads tags of other programs (!reset, !Ref) as if they were not there."""

    def construct(loader: Any, _suffix: str, node: Any) -> Any:
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node)

    Loader.add_multi_constructor("!", construct)
    # Compose and kubectl read YAML 1.2: `no` is a word, 22:22 no number, 2024-01-01 no date.
    changed = {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:timestamp"}
    Loader.yaml_implicit_resolvers = {
        first: [pair for pair in pairs if pair[0] not in changed]
        for first, pairs in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
    )
    number = re.compile("^[-+]?(?:0x[0-9a-fA-F]+|0[0-7]+|0|[1-9][0-9_]*)$")
    Loader.add_implicit_resolver("tag:yaml.org,2002:int", number, list("-+0123456789"))
    return Loader


@functools.cache
def _make_validator() -> Any:
    import importlib.resources

    import jsonschema

    source = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = orjson.loads(source.read_bytes())
    for part in schema["$defs"].values():
        # One list of keys where the schema has a sum of lists, so that an error names the key that is wrong.
        if part.pop("unevaluatedProperties", None) is False:
            for other in part.pop("allOf", ()):
                part["properties"] = (
                    schema["$defs"][other["$ref"].rpartition("/")[2]]["properties"] | part["properties"]
                )
            part["additionalProperties"], part["patternProperties"] = False, {"^x-": {}}
    return jsonschema.validators.validator_for(schema)(schema)


def explain_error(error: Any, node: Any, text: str, what: str = "compose") -> list[Problem]:
    """Write an error of a schema as problems: the key that is unknown, or the value that is of no allowed form."""
    value, path = error.instance, list(error.absolute_path)
    if error.context:
        # Of the forms that are allowed, the one of the right type says more than "none fits".
        forms: dict[Any, list[Any]] = {}
        for child in error.context:
            forms.setdefault(child.relative_schema_path[0], []).append(child)
        near = [form for form in forms.values() if not any(c.validator == "type" and not c.relative_path for c in form)]
        if len(near) == 1:
            return [problem for child in near[0] for problem in explain_error(child, node, text, what)]
    if value is None or (isinstance(value, str) and (MASK in value or "$" in value or value in ("...", "…"))):
        return []
    where = ".".join(map(str, path))
    if error.validator == "additionalProperties" and isinstance(value, dict):
        known = error.schema.get("properties", {})
        patterns = error.schema.get("patternProperties", {})
        extra = [key for key in value if key not in known and not any(re.search(p, key) for p in patterns)]
        problems = []
        for key in extra:
            if MASK not in key:
                nearest = suggest_name(key, frozenset(known))
                shown = f"{where}.{key}".lstrip(".")
                problems.append(Problem(f"{what} key", shown, find_line(node, [*path, key]), nearest))
        return problems
    if error.validator in ("required", "uniqueItems", "minItems"):
        return []  # a fragment may leave out what the whole file has
    shown = f"{where}: {str(value)[:60]}"
    return [
        Problem(f"{what} value", shown, find_line(node, path), str(error.message)[-80:] if not error.context else "")
    ]


def find_line(node: Any, path: list[Any]) -> int:
    """Find the line, counted from 1, at which the value behind a path of keys and positions stands."""
    line = node.start_mark.line + 1
    for step in path:
        if node.id == "mapping":
            pair = next((pair for pair in node.value if str(pair[0].value) == str(step)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif node.id == "sequence" and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line
