"""The commands of a shell text, as words, wherever they stand; placeholders, prefixes, broken lines; any text is read."""

from hypothesis import given
from hypothesis import strategies as st

from synthdata.verify.parse.placeholders import hide_placeholders, show_placeholders
from synthdata.verify.parse.shell import Command, parse_shell
from synthdata.verify.problems import Word


def show(word: Word) -> str:
    return word.text if word.known else f"?{word.text}"


def read(text: str, line: int = 1) -> list[list[str]]:
    return [[show(word) for word in command.words] for command in parse_shell(text, line).commands]


def read_one(text: str) -> Command:
    (command,) = parse_shell(text).commands
    return command


def test_every_simple_command_of_pipelines_lists_substitutions_and_loops() -> None:
    text = (
        "a 1 | b 2 && c 3 || d 4; (e 5; f 6) & g $(h 7) `i 8` <(j 9)\n"
        "for x in 1 2; do k $x; done\nif l; then m; else n; fi\nwhile ! o; do p; done\n"
        'fn() { q; }\nexport R=$(r 1)\n[ -n "$(s)" ] && t\ncase $1 in u) v;; esac\n'
    )
    names = {command[0] for command in read(text)}
    assert names == set("abcdefghijklmnopqrstv")
    assert ["h", "7"] in read(text)
    assert ["g", "?$(h 7)", "?`i 8`", "?<(j 9)"] in read(text)


def test_quotes_are_removed_as_a_shell_would() -> None:
    assert read("""run 'a b' "c \\"d\\" \\$e" $'f\\tg\\x41\\u00e9' h\\ i j"k"'l' \\-m ''""") == [
        ["run", "a b", 'c "d" $e', "f\tgAé", "h i", "jkl", "-m", ""]
    ]
    assert read('run "a $B" "${C}" d"$(e)" \'$f\'') == [["run", "?a $B", "?${C}", "?d$(e)", "$f"], ["e"]]
    assert read("ps --format '{{.Names}}' --filter \"name=x\"") == [
        ["ps", "--format", "{{.Names}}", "--filter", "name=x"]
    ]


def test_redirections_heredocs_assignments_and_comments_are_no_words() -> None:
    assert read("A=1 B='2 3' run x > out 2>&1 y < in # z\n") == [["run", "x", "y"]]
    assert read("cat <<EOF | load -\nrun not this\nEOF\nnext\n") == [["cat"], ["load", "-"], ["next"]]
    assert read("load -i <<'EOF' x\nrun $not this\nEOF\n") == [["load", "-i", "x"]]
    assert read("# run a\n\nrun b <<< text\n") == [["run", "b"]]


def test_continued_lines_and_the_line_of_each_word() -> None:
    (command,) = parse_shell("run \\\n  -d \\\n  web\n", line=10).commands
    assert [(word.text, word.line) for word in command.words] == [("run", 10), ("-d", 11), ("web", 12)]
    assert command.line == 10


def test_lines_that_bash_would_not_continue_are_read_as_meant_and_remarked() -> None:
    for text in ("run \\ \n  -d web\n", "run \\  # why\n  -d web\n", "run \\\n  # why\n  -d web\n"):
        script = parse_shell(text, line=5)
        assert [[word.text for word in command.words] for command in script.commands] == [["run", "-d", "web"]]
        assert [(problem.kind, problem.fatal) for problem in script.problems] == [("broken line continuation", False)]
        assert script.problems[0].line in (5, 6)


def test_prefixes_go_with_their_own_options() -> None:
    for prefix in (
        "sudo", "sudo -u me", "sudo -E --user me", "sudo A=1", "env -i A=1 B=2", "env -u A", "time", "time -p", "nohup",
        "exec", "exec -a x", "command", "timeout 10s", "timeout -k 5 -s KILL 10", "nice -n 5", "stdbuf -oL",
        "sudo time env A=b timeout --signal HUP 3", "/usr/bin/sudo --",
    ):  # fmt: skip
        assert read(f"{prefix} run -n x\n") == [["run", "-n", "x"]], prefix
    assert read("sudo\n") == []
    assert read("sudo -u\n") == []


def test_xargs_adds_words_that_nobody_knows() -> None:
    command = parse_shell("list -q | xargs -r -n 1 run rm -f").commands[1]
    assert [show(word) for word in command.words] == ["run", "rm", "-f", "?..."]
    assert not command.exact


def test_placeholders_are_words_of_unknown_value() -> None:
    assert read("run <image>:<tag> -v <host path>:/x {name} {{ name }} CONTAINER_ID your-image %CD% IMAGE \"<x y>\"\n") == [
        ["run", "?<image>:<tag>", "-v", "?<host path>:/x", "?{name}", "?{{ name }}", "?CONTAINER_ID", "?your-image",
         "?%CD%", "?IMAGE", "?<x y>"]
    ]  # fmt: skip
    assert read("run -p host_port:container_port --name=<name> [OPTIONS] …\n") == [
        ["run", "-p", "?host_port:container_port", "?--name=<name>", "?[OPTIONS]", "?…"]
    ]
    assert read("show {{json .}} {{.ID}} a[0] name=x\n") == [["show", "{{json", ".}}", "{{.ID}}", "a[0]", "name=x"]]


def test_redirections_are_not_taken_for_placeholders() -> None:
    assert read("run <in.txt >out.txt\nrun <a 2>b\nrun x <in\n") == [["run"], ["run"], ["run", "x"]]
    assert read("run < a > b; run <<< c; run 2>&1 >d\n") == [["run"], ["run"], ["run"]]


def test_the_number_of_arguments_is_only_known_without_usage_marks_and_expansion() -> None:
    for text in ("run a", "run 'a b' <image>", 'run "$A" b', "run NAME_X", "run a > b"):
        assert read_one(text).exact, text
    for text in ("run [OPTIONS] x", "run x [ARG...]", "run x ...", "run …", "run $A", "run *.txt", "run a{1,2}"):
        assert not read_one(text).exact, text
    assert not parse_shell("run $(list)").commands[0].exact


def test_what_stands_beside_a_syntax_error_is_still_read() -> None:
    script = parse_shell("run a\nNAME   STATUS (x)\nrun b \\\n  -c\nif true; then\nrun d\n")
    assert script.broken
    assert [[word.text for word in command.words] for command in script.commands if command.words[0].text == "run"] == [
        ["run", "a"], ["run", "b", "-c"], ["run", "d"]
    ]  # fmt: skip
    assert not parse_shell("run a\n").broken
    assert parse_shell("echo 'x\n").broken


def test_a_crontab_line_holds_a_command() -> None:
    assert read("# nightly\n30 3 * * 1-5 sudo run -f\n@daily /bin/run x\n*/5 1 2 3 4\n") == [
        ["run", "-f"], ["/bin/run", "x"], ["*/5", "1", "2", "3", "4"]
    ]  # fmt: skip


def test_a_text_for_another_shell_is_read_too() -> None:
    assert read("run c sh -c 'one; two' | ssh me@box \"three\"\n") == [
        ["run", "c", "sh", "-c", "one; two"],
        ["one"],
        ["two"],
        ["ssh", "me@box", "three"],
        ["three"],
    ]
    assert read("watch -n 2 run -n x\n")[-1] == ["run", "-n", "x"]


pieces = st.sampled_from(
    ["run", " ", "\n", "\\", "'", '"', "$(", ")", "<", ">", "|", "&", ";", "{", "}", "[", "]", "`", "#", "<<E\n", "if ", "fi",
     "do ", "...", "$x", "${", "-a", "=", "sudo ", "xargs ", "\t", "é", "\ue03c", "$'", "\\x", "\0", "\ud800", "<a b>", "!"]
)  # fmt: skip


@given(st.lists(pieces, max_size=60).map("".join))
def test_any_text_is_read(text: str) -> None:
    script = parse_shell(text, line=3)
    last = 3 + text.count("\n")
    assert all(3 <= word.line <= last and command.words for command in script.commands for word in command.words)
    assert all(3 <= problem.line <= last for problem in script.problems)


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Co")), max_size=200))
def test_hiding_placeholders_changes_nothing_that_shows(text: str) -> None:
    hidden = hide_placeholders(text)
    assert len(hidden) == len(text)
    assert show_placeholders(hidden) == text


def test_deep_nesting_and_long_lines_do_no_harm() -> None:
    for text in ("(" * 20_000, "$(" * 20_000, '"$(' * 5_000, "a|" * 20_000, "if x; then " * 3_000, "\\\n" * 30_000, "<" * 50_000,
                 "<a" * 30_000, "[a" * 30_000, "{" * 50_000, "<<E " * 5_000):  # fmt: skip
        parse_shell(text)
