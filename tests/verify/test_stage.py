"""The stage: every row gets a verdict and its problems; nothing of a response is run; the command line tells by its exit."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import synthdata as sd
from synthdata.base.text import clean_line
from synthdata.verify.__main__ import main
from synthdata.verify.registry import list_verifiers
from synthdata.verify.report import count_problems, describe_verification, list_worst_commands
from synthdata.verify.stage import verify_responses
from tests.conftest import ROOT

DOCKER = list_verifiers()


def verify(*responses: Any, verifiers: Any = DOCKER, **columns: Any) -> pd.DataFrame:
    # As objects: with pyarrow installed, pandas' own text holds no halves of surrogate pairs.
    texts = pd.Series(responses, dtype=object)
    df = pd.DataFrame({"instruction": ["How?"] * len(responses), "response": texts} | columns)
    return verify_responses(df, verifiers)


def problems_of(response: str, verifiers: Any = DOCKER, fatal: bool = True) -> list[tuple[str, int]]:
    (problems,) = verify(response, verifiers=verifiers)["problems"]
    return [(problem["kind"], problem["line"]) for problem in problems if problem["fatal"] == fatal]


def test_real_commands_verify_and_invented_ones_do_not() -> None:
    out = verify(
        "Run it:\n\n```bash\ndocker run -d --name web -p 8080:80 nginx\n```",
        "Run it:\n\n```bash\ndocker run -d --cpu 2 nginx\n```",
        "First look:\n\n```\ndocker ps\n```\n\n1. Then:\n   ```sh\n   docker volume snapshot data\n   ```\n",
        None,
    )
    assert out["verified"].dtype == "boolean"
    assert out["verified"].tolist()[:3] == [True, False, False]
    assert out["verified"].isna()[3]
    assert [len(problems) for problems in out["problems"]] == [0, 1, 1, 0]
    assert out["problems"][1][0] == {
        "kind": "unknown flag", "text": "docker run --cpu", "line": 4, "suggestion": "--cpus", "fatal": True,
    }  # fmt: skip
    assert (out["problems"][2][0]["kind"], out["problems"][2][0]["line"]) == ("unknown command", 9)


def test_the_frame_is_kept_and_not_changed() -> None:
    df = pd.DataFrame({"instruction": ["a", "b"], "response": ["docker", None], "x": [1, 2]}, index=[7, 3])
    out = verify_responses(df, DOCKER)
    assert list(df.columns) == ["instruction", "response", "x"]
    assert list(out.columns) == ["instruction", "response", "x", "verified", "checked", "problems"]
    assert out.index.tolist() == [
        7,
        3,
    ]
    assert len(verify_responses(df.iloc[:0], DOCKER)) == 0


def test_commands_are_found_wherever_they_stand() -> None:
    for text, line in (
        ("Use `docker network create --policy x` now.", 1),
        ("a\n\n```console\n$ cd x\n$ sudo docker frobnicate\nok\n```", 5),
        ("```bash\nfor c in a b; do\n  docker rm --sure $c &&\n  echo $(docker nope)\ndone\n```", 3),
        ("> ```\n> docker ps -q | xargs docker rm --sure\n> ```", 2),
        ("x\n\n    docker run \\\n      --cpu 1 nginx\n", 4),
        ("```\n0 3 * * * docker frobnicate\n```", 2),
        ("All of them:\n\n```sh\ndocker stop\n```", 4),
    ):
        assert problems_of(text)[0][1] == line, text


def test_everyday_commands_of_git_and_kubectl_verify() -> None:
    text = (
        "```bash\nkubectl cp web:/a ./b\nkubectl diff -f x.yaml\nkubectl set selector svc web a=b\n"
        "kubectl exec -it web -- ls --foo\n"
        "git log --graph --format='%h %s' -5\ngit rev-list --count HEAD\n"
        "git show --format=oneline HEAD~2\n"
        "git push origin :old && git commit -am 'x' --amend --no-edit\ngit stash show -p stash@{0}\n```"
    )
    assert problems_of(text, verifiers=("git", "kubectl", "shell")) == []
    invented = "```bash\nkubectl restart web\ngit undo\ngit log --pretty-graph\nkubectl get pods --everywhere\n```"
    assert [line for _, line in problems_of(invented, verifiers=("git", "kubectl"))] == [2, 3, 4, 5]


def test_inline_spans_are_judged_by_their_names_alone() -> None:
    for text in (
        "`docker run`, `docker cp`, `docker rm -f`, `docker run -v`, `docker`, `Docker Hub`, `docker-compose.yml`, `--cpu`.",
        "There is no `docker volume rename`; use `docker rename` for containers.",
        "`docker pull/push` and `docker start|stop` move images and containers.",
        "The flag `docker run --link` is deprecated.",
        "`docker run [OPTIONS] IMAGE` is the form, `docker ...` any other.",
    ):
        assert problems_of(text) == [], text
    assert problems_of("Try `docker volume rename a b`.") == [("unknown command", 1)]


def test_output_usage_and_placeholders_are_no_problems() -> None:
    for text in (
        "```\n$ docker ps\nCONTAINER ID   IMAGE (x)\ndocker   frobnicate\n```",
        "```bash\ndocker run [OPTIONS] IMAGE [COMMAND] [ARG...]\ndocker cp <container>:<path> <path>\ndocker ...\n```",
        "```bash\ndocker run -p <host-port>:<port> --memory=<limit> -v {name}:/x your-image\ndocker stop $(docker ps -q)\n```",
        "```powershell\ndocker run -v ${PWD}:/x `\n  --rm nginx\n```",
        "```python\ndocker = 'docker run --sure'\n```",
        "PS> as a session:\n\n```\nPS C:\\x> docker run --rm x\n```",
    ):
        assert problems_of(text) == [], text


def test_remarks_do_not_unverify() -> None:
    text = "```bash\ndocker run \\ \n  --net=host nginx\n```"
    assert problems_of(text) == []
    assert [kind for kind, _ in problems_of(text, fatal=False)] == ["broken line continuation", "deprecated"]
    assert verify(text)["verified"].tolist() == [True]


def test_files_and_scripts_are_judged_in_batches_with_lines_of_the_response() -> None:
    out = verify(
        "Write:\n\n```dockerfile\nFROM x:1\nINSTALL y\n```\n\nand\n\n```yaml\nservices:\n  a:\n    imagee: x\n```",
        'In `daemon.json`:\n\n```json\n{\n  "debugg": true\n}\n```\n\n```bash\nif true; then\n  docker ps\n```',
        'Broken:\n\n```json\n{"a": }\n```\n\n```dockerfile\nWORKDIR /x\nCOPY a b c\n```',
    )
    found = [[(problem["kind"], problem["line"]) for problem in problems] for problems in out["problems"]]
    assert found[0] == [("dockerfile", 5), ("compose key", 13)]
    assert [kind for kind, _ in found[1]] == ["daemon.json key", "shell syntax"]
    assert found[1][0][1] == 5
    assert found[2] == [("json", 4), ("dockerfile", 9)]


def test_a_session_or_a_mislabelled_block_is_no_broken_script() -> None:
    for text in (
        "```bash\n$ docker ps\nID (x)\n```",
        '```bash\nFROM x:1\nRUN ["a", "("]\n```',
        "```bash\nservices:\n  a: {image: 'x (y)'}\n```",
        "```\nNAME (x)\n```",
        "```text\nfoo ( bar\n```",
    ):
        assert problems_of(text) == [], text


def test_a_topic_without_a_verifier_does_not_pass_in_silence() -> None:
    out = verify("The sea is wide.", "The sea is wide and deep and", verifiers=None, topic=["Poems", "Poems"])
    assert out["verified"].isna().tolist() == [True, False]
    assert verify("The sea is wide.", verifiers=["completeness"])["verified"].isna().all()
    assert not out["verified"][1]
    table = describe_verification(out)
    assert table[["outcome", "reason", "rows"]].values.tolist() == [
        ["problems", "cut off", 1], ["not checked", "nothing to check", 1]
    ]  # fmt: skip


def test_every_known_client_is_judged_under_any_topic() -> None:
    text = "```\ndocker frobnicate\ngit frobnicate\n```"
    out = verify(text, text, verifiers=None, topic=["Docker", "Git"])
    assert [[problem["line"] for problem in problems] for problems in out["problems"]] == [[2, 3], [2, 3]]
    assert len(verify(text, verifiers=["docker", "git"], topic=["Poems"])["problems"][0]) == 2


def test_finish_reason_tells_what_was_cut_off() -> None:
    text = "Run `docker ps`."
    reasons = ["stop", "length", None, "MAX_TOKENS", "SAFETY", "end_turn", "error"]
    out = verify(*[text] * 7, finish_reason=reasons)
    assert out["verified"].tolist() == [True, False, True, False, False, True, False]


def test_bad_input_is_refused_by_name() -> None:
    with pytest.raises(sd.InputError, match="verify_responses needs the column 'response'"):
        verify_responses(pd.DataFrame({"instruction": ["a"]}))
    with pytest.raises(sd.InputError, match="'dokcer' is none: give a list of names among docker, gh, git"):
        verify("x", verifiers=["dokcer"])
    with pytest.raises(sd.InputError, match="'docker' is none"):
        verify("x", verifiers="docker")
    with pytest.raises(sd.InputError, match="the response of row 2 is a int"):
        verify("x", 3)


def test_tables_add_up() -> None:
    bad = "```\ndocker frobnicate\ndocker run --cpu 1 x\ndocker run --net=host x\n```"
    out = verify("`docker ps`.", bad, bad, None)
    table = describe_verification(out)
    assert table["rows"].sum() == 4
    assert table["share"].sum() == pytest.approx(1)
    assert table.iloc[0].tolist() == ["verified", "", 1, 0.25]
    assert table.iloc[2]["reason"] == "no response"
    counted = count_problems(out).set_index("kind")
    assert counted.loc["unknown flag", ["rows", "found"]].tolist() == [2, 2]
    assert not counted.loc["deprecated", "fatal"]
    worst = list_worst_commands(out, 1)
    assert len(worst) == 1
    assert worst["rows"].tolist() == [2]
    assert len(list_worst_commands(verify("x"))) == 0
    assert len(describe_verification(verify("x").iloc[:0])) == 0


def test_nothing_of_a_response_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    keep = tmp_path / "keep"
    keep.write_text("x")
    evil = f"touch {tmp_path}/made; rm -rf {keep}"
    blocks = [
        f"```bash\n{evil}\n```", f"```bash\n{evil}\nif true; then\n```", f"```bash\n$({evil}) `{evil}`\necho 'x\n```",
        f"```dockerfile\nFROM x:1\nRUN {evil}\nRUN echo '\n```",
        f"```yaml\nservices:\n  a: !!python/object/apply:os.system ['{evil}']\n```",
        f"`docker run $({evil})`", f"```json\n{{\"a\": \"$({evil})\"}}\n```", f"```console\n$ docker ps; {evil}\n```",
        f"```bash\n# shellcheck source={tmp_path}/keep\n. {tmp_path}/keep )\n```",
    ]  # fmt: skip
    verify(*blocks, "\n\n".join(blocks))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keep"]
    assert keep.read_text() == "x"


def test_a_response_too_long_to_read_is_not_called_verified() -> None:
    out = verify("word " * 30_000)
    assert out["verified"].tolist() == [False]
    assert out["problems"][0][0]["kind"] == "too long"
    assert problems_of("```yaml\n" + "a: 1\n" * 10_000 + "```", fatal=False) == [("too long", 2)]


words = st.sampled_from(
    ["docker ", "run ", "ps ", "--cpu ", "-it ", "nginx ", "\n", "```", "```bash\n", "\n```\n", "`", "$(", ")",
     "'", '"', "|", "FROM a\n",
     "services:\n", "  a: ", "{", "}", "[", "…", "\x1b[31m", "\0", "\ud800",
     "é", "$ ", "<x> ", "git ", "commit ", "-m ", "compose ", "up "]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(words, max_size=40).map("".join) | st.none(), max_size=4))
def test_any_frame_comes_back_whole_and_can_be_written(responses: list[str | None]) -> None:
    out = verify(*responses, verifiers=[name for name in list_verifiers() if name != "kubectl"])
    assert len(out) == len(responses)
    for problems in out["problems"]:
        for problem in problems:
            assert list(problem) == ["kind", "text", "line", "suggestion", "fatal"]
            json.dumps(problem, ensure_ascii=False).encode()


def write_lines(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_the_command_line_checks_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = {"instruction": "How?", "response": "```\ndocker ps\n```", "mine": 1}
    bad = {"instruction": "How?", "response": "```\ndocker \x1b]0;evil\x07frob\n```"}
    data, out = write_lines(tmp_path / "good.jsonl", [good]), tmp_path / "out.jsonl"
    assert main([data, "--topic", "docker", "--out", str(out)]) == 0
    assert json.loads(out.read_text()) == good | {"verified": True, "checked": 1, "problems": []}
    assert "verified" in capsys.readouterr().out
    assert main([write_lines(tmp_path / "bad.jsonl", [good, bad]), "--topic", "docker"]) == 1
    shown = capsys.readouterr().out
    assert "unknown command" in shown
    assert "\x1b" not in shown
    assert "\x07" not in shown
    poem = write_lines(tmp_path / "poem.jsonl", [good | {"response": "The sea is wide."}])
    assert main([poem, "--topic", "poems"]) == 1
    assert "nothing to check" in capsys.readouterr().out
    assert main([write_lines(tmp_path / "topic.jsonl", [good | {"topic": "Poems"}])]) == 0


def test_the_command_line_names_the_file_and_line_it_cannot_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torn = tmp_path / "torn.jsonl"
    torn.write_text('{"instruction": "a", "response": "b"}\n{"instruction": \n')
    for arguments in (
        [str(torn)],
        [str(tmp_path / "none.jsonl")],
        [write_lines(tmp_path / "x.jsonl", [{"instruction": "a"}])],
    ):
        assert main(arguments) == 2
        written = capsys.readouterr()
        assert written.out == ""
        assert written.err.count("\n") == 1
        assert arguments[0] in written.err
    assert main([str(torn)]) == 2
    assert "line 2" in capsys.readouterr().err


def test_what_is_printed_cannot_steer_a_terminal() -> None:
    assert clean_line("a\x1b[2J\r\nb\u202ec é\t\udcff\u00ad\u3000\U000e0041") == (
        "a\\x1b[2J\\r\\nb\\u202ec é\\t\\udcff\\xad\u3000\\U000e0041"
    )


def test_importing_the_stage_is_cheap() -> None:
    heavy = ("tree_sitter", "markdown_it", "jsonschema", "yaml", "py3langid", "check_jsonschema")
    script = f"import sys, synthdata.verify; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == "[]"


def test_a_specification_of_ones_own_makes_a_verifier(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "synthdata", tmp_path / "synthdata", ignore=shutil.ignore_patterns("__pycache__"))
    folder = tmp_path / "synthdata" / "verify" / "cli" / "specs"
    facts = orjson.loads((folder / "docker.json").read_bytes())
    (folder / "podlike.json").write_bytes(orjson.dumps({**facts, "program": "podlike"}))
    script = """
import pandas as pd, synthdata as sd
answers = ["Run `podlike ps --everything`.", "Use the `--all-of-it` flag with `podlike ps` to see more."]
df = pd.DataFrame({"topic": "Podlike in practice", "instruction": "How?", "response": answers})
found = [problems[0]["text"] for problems in sd.verify_responses(df)["problems"]]
print("podlike" in sd.list_verifiers(), *found, sep="|")
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "True|podlike ps --everything|podlike ps --all-of-it\n"


def test_an_alias_counts_wherever_the_answer_defines_it() -> None:
    for text in (
        "```bash\ngit config --global alias.lg 'log --graph'\n```\n\nThen:\n\n```bash\ngit lg\n```",
        "Run `git lg` after this:\n\n```bash\ngit config alias.lg 'log --graph'\n```",
    ):
        assert problems_of(text) == [], text
    assert problems_of("```bash\ngit config alias.lg log\ngit lgg\ndocker lg\n```") == [
        ("unknown command", 3),
        ("unknown command", 4),
    ]


CASES = ROOT / "tests" / "verify" / "places.jsonl"


@pytest.mark.parametrize(
    "case", [orjson.loads(line) for line in CASES.read_bytes().splitlines()], ids=lambda case: case["class"]
)
def test_every_place_a_command_stands_in_is_read(case: dict[str, Any]) -> None:
    df = pd.DataFrame({name: [case[name]] for name in ("topic", "instruction", "response")})
    row = verify_responses(df).iloc[0]
    expected, verified = case["expected"], row["verified"]
    if expected.startswith("flagged (at least"):
        assert row["problems"]
    elif expected == "flagged":
        assert not pd.isna(verified)
        assert not verified
    elif expected == "not flagged":
        assert pd.isna(verified) or verified, row["problems"]
    else:
        assert pd.isna(verified)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            "Use the `docker stop` command followed by the name of the container and the `--wait` option.",
            ["docker stop --wait"],
        ),
        (
            "Use `docker stop` followed by an ID and the `-f` or `--force` option.",
            ["docker stop --force", "docker stop -f"],
        ),
        ("Run `docker stop` with `--wait`.", ["docker stop --wait"]),
        (
            "Run `docker stop` with `--time`, or the `docker rm` command followed by a name and the `-f` or `--force` option.",
            [],
        ),
        ("Use `docker ps` followed by `grep` and its `--count` option.", []),
        ("Use the `docker run` command followed by an image and the `-d` and `--rm` options.", []),
    ],
)
def test_flags_that_prose_names_further_from_their_command(text: str, wrong: list[str]) -> None:
    (found,) = verify(text)["problems"]
    assert sorted(problem["text"] for problem in found) == wrong
