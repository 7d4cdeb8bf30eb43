"""Code is found where Markdown has it, with the right line; any text is read, in linear work."""

from hypothesis import given
from hypothesis import strategies as st

from synthdata.verify.parse import markdown
from synthdata.verify.parse.classify import classify_block, keep_commands
from synthdata.verify.parse.markdown import MAX_CHARACTERS, Block, parse_markdown


def find(text: str) -> list[tuple[str, str, str, int]]:
    return [
        (block.form, block.language, block.text, block.line) for block in parse_markdown(text) if block.form != "prose"
    ]


def test_fences_of_either_kind_with_and_without_a_label() -> None:
    text = "Say:\n\n```bash\nls\n```\n\n~~~ Shell {.x}\npwd\nid\n~~~\n\n```\nwho\n```\n````md\n```\nin\n```\n````\n"
    assert find(text) == [
        ("fence", "bash", "ls\n", 4),
        ("fence", "shell", "pwd\nid\n", 8),
        ("fence", "", "who\n", 13),
        ("fence", "", "in\n", 17),
    ]


def test_indented_blocks_and_blocks_inside_lists_and_quotes() -> None:
    text = "1. first\n\n   ```sh\n   ls -a\n   ```\n\n2. second\n\n> ```\n> pwd\n> ```\n\nend\n\n    id -u\n    id -g\n"
    assert find(text) == [
        ("fence", "sh", "ls -a\n", 4),
        ("fence", "", "pwd\n", 10),
        ("indented", "", "id -u\nid -g\n", 15),
    ]


def test_a_fence_in_a_list_whose_body_lost_its_indentation() -> None:
    text = "- one:\n  ```bash\nls\n  ```\n- two:\n   ~~~\n   pwd\n~~~\n\nUse `id`.\n"
    assert find(text) == [("fence", "bash", "ls\n", 3), ("fence", "", "pwd\n", 7), ("inline", "", "id", 10)]
    assert all(block.closed for block in parse_markdown(text))


def test_inline_spans_have_their_own_line_and_their_surroundings() -> None:
    text = "# `a` title\n\nRun `ls\n-l` or\n``x ` y`` now,\nnot `b`.\n\n- item `c`\n"
    blocks = [block for block in parse_markdown(text) if block.form != "prose"]
    assert [(block.text, block.line) for block in blocks] == [("a", 1), ("ls -l", 3), ("x ` y", 5), ("b", 6), ("c", 8)]
    assert blocks[3].before.endswith("now,\nnot ")
    assert blocks[3].after == "."


def test_an_escaped_backtick_and_an_html_block_hide_nothing() -> None:
    assert find("a \\` b `c`\n") == [("inline", "", "c", 1)]
    assert find("<details>\n```bash\nls\n```\n</details>\n") == [("fence", "bash", "ls\n", 3)]


def test_a_fence_that_is_never_closed_says_so() -> None:
    closed, open_ = parse_markdown("```\na\n```\n```sh\nb\nc")
    assert (closed.closed, open_.closed, open_.text, open_.line) == (True, False, "b\nc", 5)
    assert [block.closed for block in parse_markdown("```\n```\n")] == [True]
    assert [block.closed for block in parse_markdown("```sh")] == [False]


def test_windows_line_ends_count_once() -> None:
    assert find("a\r\n```sh\r\nls\r\n```\r\n`b`") == [("fence", "sh", "ls\n", 3), ("inline", "", "b", 5)]


def test_what_a_block_holds_by_label_and_by_looks() -> None:
    def kind(text: str, language: str = "", before: str = "") -> str:
        return classify_block(Block("fence", language, text, 1, True, before))

    assert kind("docker ps\n", "bash") == kind("docker ps\n") == kind("sudo git pull\n") == "shell"
    assert kind("$ ls\na b\n", "bash") == kind("me@box:~/x$ ls\n") == kind("ls\n", "console") == "session"
    assert kind("[me@box ~]$ ls\n") == kind("(venv) $ pip list\n") == kind("/app # ls\n") == "session"
    assert (
        kind("FROM x\nRUN y\n") == kind("FROM x\nRUN y\n", "bash") == kind("WORKDIR /x\n", "dockerfile") == "dockerfile"
    )
    assert kind("FROM x\nRUN y\n\ndocker build .\n", "bash") == "unlabelled"
    assert kind("services:\n  a: {}\n") == kind("version: '3'\nservices:\n  a:\n", "yaml") == "compose"
    assert kind("networks:\n  a:\n", "yaml", "In docker-compose.yml:") == "compose"
    assert kind("apiVersion: v1\nkind: Pod\n", "yaml") == kind("networks:\n  a:\n", "yaml") == "yaml"
    assert kind('{"a": 1}\n') == kind("[1]\n", "json") == "json"
    assert kind('{"debug": true}\n', "json", "Edit /etc/docker/daemon.json:") == "daemon.json"
    assert kind("image: x\nservices:\n  - docker:dind\n", "yaml") == "yaml"
    assert kind('"a": 1\n', "json") == "json"
    assert kind("HTTP/1.1 200 OK\n\n{}\n", "json") == "other"
    assert kind("Get-Item x\n", "powershell") == kind("dir\n", "cmd") == "unlabelled"
    assert kind("print(1)\n", "python") == "code"
    assert kind("PS C:\\> docker ps\n") == kind("C:\\Users\\me> dir\n") == "session"
    assert kind("# only a comment\n", "bash") == "other"
    assert kind("CONTAINER ID   IMAGE\nabc   def\n") == "unlabelled"


def test_prompts_go_and_output_goes_and_lines_stay() -> None:
    session = "$ docker run \\\n>   -d web\nabc123\nme@host:/srv$ ls\na  b\n"
    assert keep_commands(session) == "  docker run \\\n    -d web\n\n              ls\n\n"
    assert keep_commands("# id\nuid=0\n") == "  id\n\n"
    assert keep_commands("ls\npwd\n") == "ls\npwd\n"


@given(st.text(alphabet="`~ \n>-*1.#ab\\\t<|\u2026\ud800", max_size=400))
def test_any_text_is_read_and_lines_point_into_it(text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for block in parse_markdown(text):
        assert 1 <= block.line <= len(lines) + 1
        first = block.text.strip("\n ").split("\n")[0].split()
        if first and block.form == "inline":
            assert first[0] in lines[block.line - 1] or first[0] in "\n".join(lines[block.line - 1 :])
        assert isinstance(classify_block(block), str)
        assert keep_commands(block.text).count("\n") == block.text.count("\n")


def test_work_grows_with_the_text_and_not_with_its_square() -> None:
    import gc
    import sys

    def count_calls(text: str) -> int:
        calls = 0

        def count(frame: object, event: str, argument: object) -> None:
            nonlocal calls
            calls += event == "call"

        gc.collect()
        gc.disable()  # what it clears away would be counted too
        sys.setprofile(count)
        try:
            parse_markdown(text)
        finally:
            sys.setprofile(None)
            gc.enable()
        return calls

    parse_markdown("warm `up`")
    for unit in ("`a", "`", "- ", "> ", "```\n", "1. ```\n", "\\`", "- a\n\n", "    a\n\n", "<a\n", "a\n`b`\n"):
        once, twice = count_calls(unit * 1500), count_calls(unit * 3000)
        assert twice <= 2.2 * once + 500, unit


def test_what_lies_beyond_the_limit_is_not_read() -> None:
    assert parse_markdown("a" * MAX_CHARACTERS + "\n\n`b`") == []
    assert markdown.MAX_CHARACTERS >= 100_000
