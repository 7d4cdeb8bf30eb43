"""helm, gh and terraform: what their clients take verifies, what they refuse is named, and what others add is let pass."""

import shlex

import pandas as pd
import pytest

from synthdata.verify.cli.grammar import judge_command
from synthdata.verify.cli.specification import load_specification
from synthdata.verify.problems import Problem, Word
from synthdata.verify.stage import verify_responses


def check(line: str) -> list[Problem]:
    words = [Word(word, not any(c in word for c in "<[$…")) for word in shlex.split(line)]
    return judge_command(words, load_specification(words[0].text))


def list_kinds(*lines: str, topic: str = "") -> list[str]:
    """Kinds of the problems of an answer that has these lines as its script."""
    script = "\n".join(lines)
    answers = pd.DataFrame({"instruction": ["How?"], "response": [f"```bash\n{script}\n```\n"], "topic": [topic]})
    return [problem["kind"] for problem in verify_responses(answers).iloc[0]["problems"]]


def test_the_shipped_specifications_load() -> None:
    assert load_specification("helm").version == "3.18.0"
    assert load_specification("gh").version == "2.102.0"
    assert load_specification("terraform").version == "1.11.4"
    assert len(load_specification("gh").commands) > 200
    assert {"install", "repo add", "dependency update"} <= set(load_specification("helm").commands)


@pytest.mark.parametrize(
    "line",
    [
        "helm install web bitnami/nginx --set service.type=NodePort,replicas=2 -f values.yaml -n web --create-namespace",
        "helm upgrade --install web ./chart --atomic --timeout 5m0s --version 1.2.3",
        "helm -n web list -aq",
        "helm uninstall web --keep-history",
        "helm delete web",  # an alias
        "helm repo add bitnami https://charts.bitnami.com/bitnami",
        "helm search repo nginx --versions",
        "helm template web ./chart --show-only templates/deployment.yaml",
        "helm upgrade web ./chart --dry-run=server",
        "helm get values web --all -o yaml",
        "helm dep up ./chart",
        "helm diff upgrade web ./chart --no-hooks-at-all",  # a plugin, whose flags nobody here knows
        "helm -n web secrets view secrets.yaml",
        "helm $COMMAND --foo",
        "gh pr create --fill --draft -B main",
        "gh repo clone cli/cli -- --depth 1",  # what stands behind -- is git's
        "gh repo clone cli/cli folder -- --branch v1",
        "gh co 12 --recurse-submodules",
        "gh api repos/{owner}/{repo}/issues -f title=Bug --jq '.[].title' --paginate",
        "gh issue list --label bug --json number,title -L 20",
        "gh run watch --exit-status",
        "gh secret set TOKEN --body x --env prod",
        "gh extension exec dash --foo",
        "gh dash",  # a known extension
        "gh environment",  # a help topic
        "gh cs list",
        "gh auth login --with-token",
        "terraform init -backend=false -upgrade -input=false",
        "terraform -chdir=infra plan -out=plan.tfplan -var 'region=eu' -target aws_instance.web",
        "terraform plan --destroy --var-file prod.tfvars",
        "terraform apply -auto-approve -parallelism=20 -lock-timeout=60s plan.tfplan",
        "terraform import -var-file=prod.tfvars aws_instance.web i-0123",
        "terraform state mv -dry-run aws_instance.a aws_instance.b",
        "terraform env list",
        "terraform show -json plan.tfplan -no-color",  # taken out before flags are read
        "terraform login -no-color",
        "terraform workspace select -or-create dev",
        "terraform plan -help",
        "terraform -version",
        "terraform plan $OPTIONS",
    ],
)
def test_a_real_command_verifies(line: str) -> None:
    assert [problem for problem in check(line) if problem.fatal] == []


@pytest.mark.parametrize(
    ("line", "kind", "text", "suggestion"),
    [
        ("helm instal web", "unknown command", "helm instal", "helm install"),
        ("helm upgrade --instal web ./c", "unknown flag", "helm upgrade --instal", "--install"),
        ("helm repo search nginx", "unknown command", "helm repo search", "helm search"),
        ("helm install --name web ./c", "unknown flag", "helm install --name", "the name stands before the chart"),
        ("helm install web ./c --timeout 300", "bad value", "helm install --timeout 300", "a duration such as 30s"),
        ("helm init", "unknown command", "helm init", ""),
        ("helm -n web dif upgrade web", "unknown command", "helm dif", ""),
        ("gh pr creat", "unknown command", "gh pr creat", "gh pr create"),
        ("gh creat pr", "unknown command", "gh creat", ""),
        ("gh notification list", "unknown command", "gh notification", ""),
        ("gh repo clone cli/cli --depth 1", "unknown flag", "gh repo clone --depth", "-- --depth"),
        ("gh pr list --labels bug", "unknown flag", "gh pr list --labels", "--label"),
        ("gh issue list --limit many", "bad value", "gh issue list --limit many", "a whole number"),
        ("terraform aply", "unknown command", "terraform aply", "terraform apply"),
        ("terraform state ls", "unknown command", "terraform state ls", "terraform state list"),
        ("terraform apply -auto-aprove", "unknown flag", "terraform apply -auto-aprove", "-auto-approve"),
        ("terraform destroy -force", "unknown flag", "terraform destroy -force", "-auto-approve"),
        ("terraform validate -var a=b", "unknown flag", "terraform validate -var", "terraform apply -var"),
        ("terraform plan -chdir=infra", "unknown flag", "terraform plan -chdir", "terraform -chdir"),
        ("terraform -out=x plan", "unknown flag", "terraform -out=x", "put it behind the command"),
        ("terraform -chdir infra plan", "bad value", "terraform -chdir", "-chdir=FOLDER"),
        ("terraform plan --no-color", "unknown flag", "terraform plan --no-color", "-no-color"),
        ("terraform plan -out", "missing value", "terraform plan -out", ""),
        ("terraform plan -lock=maybe", "bad value", "terraform plan -lock maybe", "true or false"),
        ("terraform plan -lock-timeout 30", "bad value", "terraform plan -lock-timeout 30", "a duration such as 30s"),
        (
            "terraform apply plan.tfplan -auto-approve",
            "wrong number of arguments",
            "terraform apply -auto-approve",
            "put -auto-approve before the arguments",
        ),
    ],
)
def test_what_the_client_refuses_is_named(line: str, kind: str, text: str, suggestion: str) -> None:
    (problem,) = check(line)
    assert (problem.kind, problem.text, problem.suggestion, problem.fatal) == (kind, text, suggestion, True)


@pytest.mark.parametrize(
    "line", ["helm upgrade web ./c --rollback-on-failure", "terraform query", "terraform plan -invoke=x"]
)
def test_what_came_with_a_later_version_is_a_remark(line: str) -> None:
    (problem,) = check(line)
    assert (problem.kind, problem.fatal) == ("newer version", False)


def test_what_an_answer_defines_or_installs_is_a_command_from_then_on() -> None:
    assert list_kinds("gh bugs") == ["unknown command"]
    assert list_kinds("gh alias set bugs 'issue list --label bug'", "gh bugs") == []
    assert list_kinds("gh alias set 'issue mine' 'issue list --mention me'", "gh issue mine") == []
    assert list_kinds("gh --% issue list --label bug") == []  # PowerShell's
    assert list_kinds("gh ext install owner/gh-bugs", "gh bugs --all") == []
    assert list_kinds("helm plugin install https://github.com/owner/helm-blue --version 1.0", "helm blue deploy") == []
    assert list_kinds("helm plugin install https://github.com/owner/helm-blue.git", "helm green") == ["unknown command"]


def test_a_client_that_nothing_is_shipped_for_is_named_with_what_to_do() -> None:
    assert list_kinds("pulumi up --yes", topic="Pulumi stacks") == ["no verifier"]
    for topic in ("Helm charts", "GitHub CLI", "Terraform"):
        assert list_kinds("helm list", "gh pr list", "terraform plan", topic=topic) == []


def test_a_name_in_a_sentence_is_no_command() -> None:
    for text in (
        "A `helm chart` becomes a `helm release`; `helm v3` and `terraform 1.5` read **terraform configuration files**.",
        "- **terraform refresh:** updates the state\n- **docker ps:** lists containers\n- helm list: lists releases\n",
        '```\nterraform {\n  required_version = ">= 1.5"\n}\n```\n',
    ):
        answers = pd.DataFrame({"instruction": ["How?"], "response": [text]})
        assert verify_responses(answers).iloc[0]["problems"] == []
    answers = pd.DataFrame(
        {"instruction": ["How?"], "response": ["Run `helm chart save web`, then **terraform refrsh:** it reads."]}
    )
    assert [p["kind"] for p in verify_responses(answers).iloc[0]["problems"]] == ["unknown command"] * 2
