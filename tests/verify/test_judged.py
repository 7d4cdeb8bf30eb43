"""Verified means that something was judged: what nobody here can judge is left open, what can be judged is not."""

import pandas as pd
import pytest

from synthdata.verify.stage import verify_responses

LEFT_OPEN = {
    "a language without a grammar": "```lua\nfunction f( {{{\n```",
    "SQL that only one server has": "```sql\nCALL f(1);\n```",
    "SQL with output": "```sql\nSELECT 1;\n+---+\n| 1 |\n+---+\n```",
    "C that its grammar does not read": "```c\nint f( {{{\n```",
    "Java with parts left out": "```java\nclass A { void f() { ... }\n```",
    "YAML of no known kind": "```yaml\nname: x\nvalue: y\n```",
    "a custom resource": "```yaml\napiVersion: x.io/v1\nkind: Foo\n```",
    "a templated manifest": "```yaml\napiVersion: v1\nkind: {{ .K }}\n```",
    "a templated Compose file": "```yaml\nservices:\n  w:\n    image: {{ x }}\n    nonsense: 1\n```",
    "aliases beyond reason": "```yaml\nservices:\n  w: &a [x]\n" + "".join(f"  k{i}: *a\n" for i in range(30)) + "```",
    "code with parts left out": "```go\nfunc main() { ... \n```",
    "Python with parts left out": "```python\n...\nx = (\n```",
    "Python 2": "```python\nprint 'a'\n```",
    "an empty fence": "```go\n\n```",
    "JSON that only parses": '```json\n{"a": 1}\n```',
    "shell without a known client": "```bash\nls -la\n```",
    "options of a command whose parser cannot be asked": "```bash\ngit filter-branch --foo\n```",
    "a plugin that is installed apart": "```bash\ndocker scout cves x\n```",
    "a program alone": "```bash\ndocker\n```",
    "prose": "The sea is wide.",
}
JUDGED = {
    "Go": "```go\npackage main\nfunc main() {}\n```",
    "Python": "```python\nimport os\nos.getcwd()\n```",
    "a manifest": "```yaml\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n```",
    "a Compose file": "```yaml\nservices:\n  w:\n    image: nginx\n```",
    "a workflow": "```yaml\non: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo hi\n```",
    "a Dockerfile": "```dockerfile\nFROM alpine:3.20\nRUN ls\n```",
    "an inline command": "Run `docker ps -a`.",
    "flags of the client first": "```bash\ngit -C repo status\n```",
    "a namespace first": "```bash\nkubectl -n web get pods\n```",
    "another program's name": "```bash\ndocker-compose up -d\n```",
}


def verify(text: str) -> pd.Series:
    df = pd.DataFrame({"topic": ["Things"], "instruction": ["How?"], "response": [text]})
    return verify_responses(df).iloc[0]


@pytest.mark.parametrize("text", LEFT_OPEN.values(), ids=LEFT_OPEN)
def test_what_nobody_judged_is_not_verified(text: str) -> None:
    row = verify(text)
    assert pd.isna(row["verified"]), row["problems"]
    assert row["checked"] == 0


@pytest.mark.parametrize("text", JUDGED.values(), ids=JUDGED)
def test_what_was_judged_and_is_right_is_verified(text: str) -> None:
    row = verify(text)
    assert row["verified"], row["problems"]
    assert row["checked"] == 1
