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


def check_manifest(block: Block) -> list[Problem]:
    """Check a YAML text: by the schema of what it says it is, else only whether it parses; lines count from 1."""
    prepared = prepare_yaml(block.text)
    documents, problems = parse_yaml(prepared)
    if problems:
        return problems
    for node, value in documents:
        if not isinstance(value, dict):
            continue
        if isinstance(value.get("apiVersion"), str) and isinstance(value.get("kind"), str):
            problems += _check_object(node, value, block.text)
        elif isinstance(value.get("jobs"), dict) and (
            "on" in value or any("steps" in j for j in value["jobs"].values() if isinstance(j, dict))
        ):
            problems += _check_by("github-workflows", node, value, block.text)
        elif ".gitlab-ci" in block.before[-300:] or (
            "stages" in value and any("script" in v for v in value.values() if isinstance(v, dict))
        ):
            problems += _check_by("gitlab-ci", node, value, block.text)
    return list(dict.fromkeys(problems))


def _check_object(node: Any, value: dict[str, Any], text: str) -> list[Problem]:
    group, kind = value["apiVersion"], value["kind"]
    if MASK in group or MASK in kind or "$" in group + kind:
        return []
    schema, kinds = _load_kubernetes()
    name = kinds.get((group, kind))
    if name is None:
        if group not in {known for known, _ in kinds}:
            return []  # a custom resource, or an API of another version
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
