"""YAML of other programs by their own schemas: Kubernetes objects, GitHub Actions workflows, GitLab CI pipelines.

Only what is certain counts: a fragment may leave out what the whole file has, and a value with a placeholder is not judged.
Schemas: Kubernetes' own, as kubernetes-validate ships them; the workflow and pipeline schemas that check-jsonschema ships.
"""

import functools
import json
from pathlib import Path
from typing import Any

from synthdata.base.extras import load_extra
from synthdata.verify.checks.yamlfiles import MASK, explain_error, find_line, parse_yaml, prepare_yaml
from synthdata.verify.cli.suggest import suggest_name
from synthdata.verify.parse.markdown import Block
from synthdata.verify.problems import Problem

KUBERNETES = "v1.32.0-local-strict"
_FRAGMENT = ("required", "minItems", "minProperties", "uniqueItems", "anyOf", "oneOf", "allOf", "if")


def can_judge_manifest(block: Block) -> bool:
    """Tell whether a YAML text is one whose schema is known here; that it parses vouches for nothing that it says."""
    documents, problems = parse_yaml(prepare_yaml(block.text))
    return not problems and any(_find_schema(value, block.before) for _, value in documents)


def _find_schema(value: Any, before: str) -> str:
    """Find what a document says it is: "kubernetes", the name of a schema, or "" for what none is known for."""
    if not isinstance(value, dict):
        return ""
    group, kind = value.get("apiVersion"), value.get("kind")
    if isinstance(group, str) and isinstance(kind, str):
        if MASK in group + kind or "$" in group + kind:
            return ""
        return "kubernetes" if group in {known for known, _ in _load_kubernetes()[1]} else ""  # else a custom resource
    jobs = value.get("jobs")
    if isinstance(jobs, dict) and ("on" in value or any("steps" in j for j in jobs.values() if isinstance(j, dict))):
        return "github-workflows"
    stages = "stages" in value and any("script" in v for v in value.values() if isinstance(v, dict))
    return "gitlab-ci" if stages or ".gitlab-ci" in before[-300:] else ""


def check_manifest(block: Block) -> list[Problem]:
    """Check a YAML text: by the schema of what it says it is, else only whether it parses; lines count from 1."""
    prepared = prepare_yaml(block.text)
    documents, problems = parse_yaml(prepared)
    if problems:
        return problems
    for node, value in documents:
        schema = _find_schema(value, block.before)
        if schema == "kubernetes":
            problems += _check_object(node, value, block.text)
        elif schema:
            problems += _check_by(schema, node, value, block.text)
    return list(dict.fromkeys(problems))


def _check_object(node: Any, value: dict[str, Any], text: str) -> list[Problem]:
    group, kind = value["apiVersion"], value["kind"]
    schema, kinds = _load_kubernetes()
    name = kinds.get((group, kind))
    if name is None:
        nearest = suggest_name(kind, frozenset(k for g, k in kinds if g == group)) or suggest_name(
            kind, frozenset(k for _, k in kinds)
        )
        return [Problem("manifest kind", f"{kind} ({group})", find_line(node, ["kind"]), nearest)]
    problems: list[Problem] = []
    for error in schema(name).iter_errors(_plain(value)):
        problems += _explain(error, node, text, "manifest")
    return problems


def _check_by(schema: str, node: Any, value: dict[str, Any], text: str) -> list[Problem]:
    problems: list[Problem] = []
    for error in _load_vendor(schema).iter_errors(_plain(value)):
        problems += _explain(error, node, text, "workflow" if schema.startswith("github") else "pipeline")
    return problems


def _explain(error: Any, node: Any, text: str, what: str) -> list[Problem]:
    if error.validator in _FRAGMENT and not error.context:
        return []
    if error.context:  # of several forms: only where none could fit whatever was left out
        inner = [child for child in error.context if child.validator == "additionalProperties"]
        return [] if not inner or len(inner) < len(error.context) else explain_error(inner[0], node, text, what)
    if error.validator not in ("additionalProperties", "type", "enum", "unevaluatedProperties"):
        return []
    return explain_error(error, node, text, what)


def _plain(value: Any) -> Any:
    """Write keys as text, as JSON has them; `on:` is a word in YAML 1.2."""
    if isinstance(value, dict):
        return {"on" if key is True else str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


@functools.cache
def _load_kubernetes() -> tuple[Any, dict[tuple[str, str], str]]:
    import jsonschema
    import referencing

    package = load_extra("kubernetes_validate", "verify", "checking Kubernetes manifests")
    path = Path(package.__file__).parent / "kubernetes-json-schema" / KUBERNETES / "_definitions.json"
    definitions = json.loads(path.read_bytes())
    kinds: dict[tuple[str, str], str] = {}
    for name, definition in definitions["$defs"].items():
        properties = definition.get("properties", {})
        names = properties.get("kind", {}).get("enum", ())
        for kind in names if isinstance(names, list) else ():
            kinds |= {(group, kind): name for group in properties.get("apiVersion", {}).get("enum", ())}
    resource = referencing.Resource.from_contents(definitions)
    places = {definitions["$id"], "/api/_definitions.json", "_definitions.json"}
    registry = referencing.Registry().with_resources([(place, resource) for place in places])

    @functools.cache
    def make_validator(name: str) -> Any:
        schema = {"$ref": f"{definitions['$id']}#/$defs/{name}"}
        return jsonschema.Draft202012Validator(schema, registry=registry)

    return make_validator, kinds


@functools.cache
def _load_vendor(name: str) -> Any:
    import importlib.resources

    import jsonschema

    source = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / f"{name}.json"
    schema = json.loads(source.read_bytes())
    return jsonschema.validators.validator_for(schema)(schema)
