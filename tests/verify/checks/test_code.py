"""Code in fences parses, whole or as a fragment; SQL in any dialect; what no grammar knows is not judged."""

import importlib.util

import pandas as pd
import pytest

from synthdata.verify.checks.code import GRAMMARS, can_judge_code, check_code
from synthdata.verify.checks.sql import can_judge_sql, check_sql
from synthdata.verify.parse.markdown import parse_markdown
from synthdata.verify.stage import verify_responses

RIGHT = {
    "java": [
        "class A { static int f(int... xs) { return xs.length; } }", "public A(int x) { this.x = x; }", "int[] a = {1, 2};",
        "list.stream().filter(x -> x > 1).toList()", "@Test\nvoid works() { assertEquals(1, f()); }", "record P(int x) {}",
        'String t = """\n  a\n  """;', "if (o instanceof P(int x) && x > 1) { run(x); }", "private List<String> names;",
    ],
    "csharp": [
        "public string Name { get; set; } = \"\";", "public A(int x) => X = x;", "var t = $\"{a:N2}\";", "int[] a = [1, ..b];",
        "await using var f = Open();", "namespace A.B;\npublic record P(int X);", "x.Where(y => y > 1).ToList()",
        "[HttpGet(\"{id}\")]\npublic IActionResult Get(int id) { return Ok(id); }",
    ],
    "rust": [
        "fn f<'a>(x: &'a str) -> Result<(), E> { g(x)?; Ok(()) }", "x.await", "let v: Vec<_> = a.iter().collect();",
        "pub fn new() -> Self { Self { x: 1 } }", "for i in 0..10 { println!(\"{i}\"); }", "Some(x) if x > 1 => x,\n_ => 0,",
    ],
    "ruby": ["def f(a, b: 1, **c)\n  a\nend", "xs.each { |x| puts x }", "h => {a:}", "(1...10).sum", "gem 'x', '~> 1.0'"],
    "php": [
        "<h1><?= $x ?></h1>", "$x = fn($y) => $y + 1;", "public function f(): int { return 1; }", "protected $a = ['b'];",
        "<?php\nenum S: string { case A = 'a'; }", "use App\\Models\\User;\n$u = User::find(1);", "f(...$args);",
    ],
    "c": ["int main(void) { return 0; }", "printf(\"%d\", x);", "struct p a = { .x = 1 };"],
    "cpp": ["auto f = [&](auto x) { return x + 1; };", "std::vector<int> v{1, 2};", "std::cout << x << std::endl;",
            "A& operator=(const A&) = delete;"],
}  # fmt: skip
WRONG = {
    "java": ["class A { void f( { }", "for (int i = 0; i < 3; i++ { f(); }", 'String s = "x;\nf();'],
    "csharp": ["public class A { int F( { } }", "foreach (var x in xs { }", "var x = ;"],
    "rust": ["fn f( -> i32 { 1 }", "let = 5;", "match x { 1 => }"],
    "ruby": ["def f(a\n  a\nend", "xs.each do |x|\n  puts x", "if x then"],
    "php": ["<?php\nfunction f( { }", "$x = ;", "foreach ($a as { }"],
}
SQL_RIGHT = [
    "SELECT a, COUNT(*) FROM t WHERE b ILIKE '%x%' GROUP BY a;", "INSERT OR REPLACE INTO t (a) VALUES (1);",
    "INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a);", "SELECT TOP 3 * FROM [dbo].[t];",
    "INSERT INTO t (a) VALUES (1)\nON CONFLICT (a) DO UPDATE SET a = EXCLUDED.a RETURNING id;",
    "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT) STRICT;", "DELETE u FROM u JOIN o ON o.a = u.a;",
    "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, KEY k (id)) ENGINE=InnoDB;\nSELECT x::date FROM t;",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT * FROM r;",
    "UPDATE t SET a = 'x;\ny' WHERE b = $1;", "SELECT a, SUM(b) FROM t GROUP BY GROUPING SETS ((a), ());",
]  # fmt: skip
SQL_OPEN = [
    "LOAD DATA INFILE 'x' INTO TABLE t;", "\\d t", "mysql> SELECT 1;", "SELECT ... FROM t;", "SELECT <column> FROM t;",
    "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END //", "SELECT a INTO OUTFILE 'x' FROM t;", "hello there",
    "| a |\n|---|", "NOTIFY c, 'x';", "SELECT :'name', 1 FROM;", "SELECT " + "(" * 3000 + "1" + ")" * 3000, "-- nothing",
]  # fmt: skip
SQL_WRONG = [
    ("SELEC * FROM t;", 1), ("SELECT 1;\nSELECT * FORM t;", 2), ("SELECT * FROM t WHERE;", 1), ("DELETE FROM t WHRE a = 1;", 1),
    ("INSERT INTO t (a) VALUES (1, 2;", 1), ("-- a remark\nUPDATE SET a = 1;", 1), ("SELECT a FROM t GROUP a;", 1),
    ("CREATE TABLE (a INT);", 1), ("SELECT COUNT(* FROM t;", 1),
]  # fmt: skip


def read(language: str, text: str):  # type: ignore[no-untyped-def]
    return parse_markdown(f"```{language}\n{text}\n```")[0]


def has_grammar(language: str) -> bool:
    module = "sqlglot" if language == "sql" else GRAMMARS[{"csharp": "c_sharp"}.get(language, language)][0]
    return importlib.util.find_spec(module) is not None


@pytest.mark.parametrize(("language", "text"), [(name, text) for name, texts in RIGHT.items() for text in texts])
def test_right_code_parses_whole_or_as_a_fragment(language: str, text: str) -> None:
    assert check_code(read(language, text)) == []
    assert can_judge_code(read(language, text)) == has_grammar(language)


@pytest.mark.parametrize(("language", "text"), [(name, text) for name, texts in WRONG.items() for text in texts])
def test_broken_code_is_found(language: str, text: str) -> None:
    if not has_grammar(language):
        pytest.skip("its grammar is not installed")
    problems = check_code(read(language, text))
    assert [(problem.kind, problem.fatal) for problem in problems] == [("code syntax", True)]


def test_the_line_of_a_fault_is_told() -> None:
    if not has_grammar("php"):
        pytest.skip("its grammar is not installed")
    assert check_code(read("php", "$a = 1;\n$b = 2;\n$x = ;"))[0].line == 3
    assert check_code(read("php", "<?php\n$a = 1;\n$x = ;"))[0].line == 3


@pytest.mark.parametrize("language", ["c", "cpp"])
def test_what_the_grammars_of_c_stumble_over_is_a_remark(language: str) -> None:
    if not has_grammar(language):
        pytest.skip("its grammar is not installed")
    block = read(language, "#define F(x) ((\nint f( {")
    assert [problem.fatal for problem in check_code(block)] == [False]
    assert not can_judge_code(block)


@pytest.mark.parametrize("text", SQL_RIGHT)
def test_sql_of_any_dialect_parses(text: str) -> None:
    assert check_sql(read("sql", text)) == []
    assert can_judge_sql(read("sql", text)) == has_grammar("sql")


@pytest.mark.parametrize("text", SQL_OPEN)
def test_sql_that_nobody_here_knows_is_left_open(text: str) -> None:
    assert check_sql(read("sql", text)) == []
    assert not can_judge_sql(read("sql", text))


@pytest.mark.parametrize(("text", "line"), SQL_WRONG)
def test_broken_sql_is_found_at_its_line(text: str, line: int) -> None:
    if not has_grammar("sql"):
        pytest.skip("sqlglot is not installed")
    found = check_sql(read("sql", text))
    assert [(problem.kind, problem.line, problem.fatal) for problem in found] == [("code syntax", line, True)]


def test_sql_in_an_answer_is_judged_once() -> None:
    if not has_grammar("sql"):
        pytest.skip("sqlglot is not installed")
    answer = "So:\n\n```sql\nSELECT a FROM t;\n```\n\nor\n\n```postgresql\nSELECT FROM WHERE;\n```"
    rows = pd.DataFrame({"instruction": ["How?"] * 2, "response": [answer, answer.split("or")[0]]})
    verified = verify_responses(rows)
    assert verified["verified"].tolist() == [False, True]
    assert verified["problems"][0][0]["line"] == 10
    assert verified["checked"].tolist() == [2, 1]


def test_what_python_warns_of_is_no_fault_and_raises_nothing() -> None:
    answer = "So:\n\n```python\nprint(1if x else 2, '\\d')\n```"
    assert verify_responses(pd.DataFrame({"instruction": ["How?"], "response": [answer]}))["verified"].tolist() == [
        True
    ]
