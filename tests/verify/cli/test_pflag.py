"""Commands against specifications: those made from one verify, misspelt ones do not, and no words crash the checker."""

import dataclasses
import shlex

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import synthdata as sd
from synthdata.verify.cli.git import complete_name
from synthdata.verify.cli.grammar import judge_command
from synthdata.verify.cli.specification import list_specifications, load_specification
from synthdata.verify.cli.values import CHECKS
from synthdata.verify.problems import Problem, Word

NAMES = ["docker", "gh", "git", "helm", "kubectl", "terraform"]
VALUES = {
    "bool": "true",
    "int": "3",
    "uint": "3",
    "uint16": "300",
    "uint32": "3",
    "decimal": "1.5",
    "float32": "1.5",
    "bytes": "512m",
    "duration": "1m30s",
    "port": "127.0.0.1:8080:80/tcp",
    "mount": "type=volume,source=data,target=/data",
    "restart": "on-failure:3",
    "pull": "missing",
    "ulimit": "nofile=1024:2048",
    "add-host": "db:10.0.0.2",
    "filter": "status=exited",
    "container-mode": "container:web",
    "dry-run": "client",
    "gpus": "all",
    "ip": "10.0.0.2",
    "userns": "host",
    "host-mode": "host",
    "cgroupns": "private",
    "expose": "8080",
    "mac": "02:42:ac:11:00:02",
    "reference": "org/web:1.0",
}


def check(line: str, name: str = "docker") -> list[Problem]:
    """Problems of a command line; words in <>, [] or with $ are placeholders."""
    words = [Word(w, not any(c in w for c in "<[$…")) for w in shlex.split(line)]
    return judge_command(words, load_specification(name))


def list_kinds(line: str, name: str = "docker") -> list[str]:
    return [problem.kind for problem in check(line, name) if problem.fatal]


@st.composite
def draw_commands(draw: st.DrawFn, name: str) -> list[str]:
    """A command put together from a specification, in any of its forms."""
    specification = load_specification(name)
    paths = {path: path for path in specification.commands} | specification.aliases
    path = draw(st.sampled_from(sorted(p for p, c in paths.items() if p and not specification.commands[c].free)))
    command = specification.commands[paths[path]]
    words = [name, *path.split()]
    known = sorted(flag for flag in command.flags if flag not in ("help", "help-all", "-h"))
    for flag in draw(st.lists(st.sampled_from(known), max_size=4)) if known else []:
        kind = command.flags[flag].rstrip("!")
        value = VALUES.get(kind.rstrip("?"), "a=b")
        single = specification.grammar == "goflag"
        dashed = flag if flag[0] == "-" else f"-{flag}" if single else f"--{flag}"
        optional = kind == "bool" or kind.endswith("?")
        short = next((letter for letter, long in command.shorts.items() if long == flag), None)
        if short and flag[0] != "-" and draw(st.booleans()):
            words += [f"-{short}"] if optional else draw(st.sampled_from([[f"-{short}", value], [f"-{short}{value}"]]))
        elif optional:
            words.append(dashed)
        else:
            words += draw(
                st.sampled_from(
                    [[dashed, value], [f"{dashed}={value}" if dashed[1] == "-" or single else dashed + value]]
                )
            )
    words += [
        f"--{flag}={VALUES.get(command.flags[flag], '3')}"
        for flag in sorted(command.required)
        if f"--{flag}" not in " ".join(words)
    ]
    low, high = command.arguments
    if not command.group:
        words += ["x"] * draw(st.integers(low, low + 2 if high is None else high))
    return words


@pytest.mark.parametrize("name", NAMES)
def test_a_command_made_from_the_specification_verifies(name: str) -> None:
    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(draw_commands(name))
    def verify(words: list[str]) -> None:
        problems = judge_command([Word(w) for w in words], load_specification(name))
        assert [p for p in problems if p.fatal] == []

    verify()


@pytest.mark.parametrize("name", NAMES)
def test_a_misspelt_flag_never_verifies(name: str) -> None:
    specification = load_specification(name)

    @settings(max_examples=300, deadline=None)
    @given(st.data())
    def refuse(data: st.DataObject) -> None:
        path = data.draw(
            st.sampled_from(sorted(p for p, c in specification.commands.items() if not c.free and c.flags))
        )
        command = specification.commands[path]
        flag = data.draw(st.sampled_from(sorted(command.flags))).lstrip("-")
        at = data.draw(st.integers(0, len(flag)))
        wrong = flag[:at] + data.draw(st.sampled_from("aeqxz-")) + flag[at:]
        assume(wrong not in command.flags and not wrong.startswith("-"))
        if specification.grammar == "git":
            from synthdata.verify.cli.reading import Reading

            assume(complete_name(wrong, Reading(specification, "git", path)) is None)
        problems = judge_command([Word(w) for w in [name, *path.split(), f"--{wrong}"]], specification)
        assert [p.kind for p in problems if p.fatal] == ["unknown flag"]

    refuse()


TEXT = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["docker", "run", "-", "--", "---", "-=", "--=", "-it", "-p=", "image", "stash", "-C", "--mount", "git"]
    ),
)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(NAMES), st.lists(st.builds(Word, TEXT, st.booleans()), max_size=12))
def test_no_words_crash_the_checker(name: str, words: list[Word]) -> None:
    for problem in judge_command(words, load_specification(name)):
        assert problem.kind in {
            "missing flag",
            "option after the image",
            "single dash",
            "newer version",
            *("unknown command", "unknown flag", "bad value", "missing value", "wrong number of arguments"),
            *("removed command", "deprecated"),
        }


@given(st.text(max_size=30))
def test_no_value_crashes_its_check(value: str) -> None:
    for judge in CHECKS.values():
        assert isinstance(judge(value), str)


@pytest.mark.parametrize(
    "line",
    [
        "docker run -it --rm -p 8080:80 -e KEY=value -v data:/data --name web nginx:1.27 sh -c 'ls --all'",
        "docker run -d -p8080:80/udp -e=A --memory=1.5g --cpus .5 nginx",
        "docker run --rm alpine cat --no-such-flag",  # flags behind the image are the container's
        "docker exec -it web ps --forest",
        "docker -H tcp://host:2375 --debug ps -aq --filter status=exited",
        "docker rm -f '$(docker ps -aq)'",
        "docker run [OPTIONS] IMAGE [COMMAND] [ARG...]",
        "docker run $OPTS --name web nginx",
        "docker <command> --help",
        "docker network create --driver=bridge --subnet 10.0.0.0/24 net",
        "docker network create -o com.docker.network.bridge.name=br0 net",
        "docker run --net host --net-alias db nginx",
        "docker volume create",
        "docker build -t app:1 --secret id=token,src=t.txt --build-arg A=b -f Dockerfile .",
        "docker buildx build --platform linux/amd64,linux/arm64 --push -t app .",
        "docker compose -f a.yml -f b.yml --profile dev up -d --build --scale web=3",
        "docker compose exec -T db psql --no-such-flag",
        "docker compose run --rm web sh",
        "docker-compose up -d",
        "docker stack deploy -c stack.yml app",
        "docker service create --replicas 3 -p 80:80 --name web nginx",
        "docker scout cves app:1",  # a plugin that nothing here can ask
        "docker builder prune -af",
        "docker container ls --no-trunc --format '{{.ID}}'",
        "docker image rm --force app",
        "docker checkpoint create web one",
        "docker rmi -f <image-id>",
        "docker ps -h",
        "docker --help run",
        "docker stop --time 5 web",  # hidden since 28, and still taken
        "docker buildx prune -af --keep-storage 5gb",
        "docker compose down --volume",
        "docker build --rm --memory 1g .",  # the classic builder's flags, which buildx takes and ignores
        "docker compose -p app logs -n 5 --no-color",
        "docker run --cpus=1/2 --ulimit nofile=1024:2048 --mount type=tmpfs,target=/tmp,tmpfs-size=64m alpine",
        "docker run -it=true -P --pid=container:web alpine",
        "docker run '' ''",
        "docker info -f '{{.Driver}}'",
        "/usr/bin/docker version",
        "docker logs --tail=100 -f web",
        "docker run -p <host-port>:<container-port> nginx",
        "docker run --memory=<limit> --restart <policy> nginx",
        "docker cp web:/etc/hosts -",
        "docker login -u me --password-stdin registry.example.com",
    ],
)
def test_a_real_docker_command_verifies(line: str) -> None:
    assert list_kinds(line) == []


@pytest.mark.parametrize(
    ("line", "kind", "text", "suggestion"),
    [
        ("docker run --cpu 2 nginx", "unknown flag", "docker run --cpu", "--cpus"),
        ("docker run --env_file a nginx", "unknown flag", "docker run --env_file", "--env-file"),
        ("docker network create --policy x net", "unknown flag", "docker network create --policy", ""),
        ("docker volume snapshot data", "unknown command", "docker volume snapshot", ""),
        ("docker netwrok ls", "unknown command", "docker netwrok", "docker network"),
        ("docker container images", "unknown command", "docker container images", "docker images"),
        ("docker deploy app", "unknown command", "docker deploy", "docker stack deploy"),
        (
            "docker ps --debug",
            "unknown flag",
            "docker ps --debug",
            "docker --debug",
        ),  # the client's own flags stand before the command
        ("docker compose up -f a.yml", "unknown flag", "docker compose up -f", ""),
        ("docker ps -x", "unknown flag", "docker ps -x", ""),
        ("docker run -network host nginx", "unknown flag", "docker run -n", "--network"),
        ("docker run --name", "missing value", "docker run --name", ""),
        ("docker run -m 5x nginx", "bad value", "docker run --memory 5x", "a size such as 512m"),
        ("docker run -p 80:http nginx", "bad value", "docker run --publish 80:http", "a port from 0 to 65535"),
        ("docker run -d=maybe nginx", "bad value", "docker run --detach maybe", "true or false"),
        (
            "docker run --health-interval 30 nginx",
            "bad value",
            "docker run --health-interval 30",
            "a duration such as 30s",
        ),
        ("docker run --restart sometimes nginx", "bad value", "docker run --restart sometimes", None),
        ("docker run --mount type=bind,from=/a,target=/b nginx", "bad value", None, "type=…,source=…,target=…"),
        ("docker rm", "wrong number of arguments", "docker rm", "at least 1"),
        ("docker cp web:/a", "wrong number of arguments", "docker cp", "2"),
        ("docker ps web", "wrong number of arguments", "docker ps", "0"),
        ("docker-machine create box", "removed command", "docker-machine", "docker context"),
    ],
)
def test_what_docker_refuses_is_named(line: str, kind: str, text: str | None, suggestion: str | None) -> None:
    (problem,) = check(line)
    assert (problem.kind, problem.fatal) == (kind, True)
    assert text is None or problem.text == text
    assert suggestion is None or problem.suggestion == suggestion


def test_an_old_name_is_remarked_on_but_not_refused() -> None:
    (problem,) = check("docker run --net host nginx")
    assert (problem.kind, problem.suggestion, problem.fatal) == ("deprecated", "--network", False)
    (problem,) = check("docker-compose ps")
    assert (problem.kind, problem.suggestion, problem.fatal) == ("deprecated", "docker compose", False)


def test_a_flag_of_a_sibling_command_is_pointed_to() -> None:
    (problem,) = check("docker container rename --volumes-from a b c")
    assert problem.kind == "unknown flag"
    assert "--volumes-from" in problem.suggestion


@pytest.mark.parametrize(
    "line",
    [
        "git commit -am 'message' --no-edit",
        "git commit --amen",  # the beginning of one option's name only
        "git log --oneline --graph -5 --all --since='2 weeks' -S word -n5",
        "git log -p -2 -U3 -M90% --stat --pretty=format:%h --date=iso",
        "git -C folder -c user.name=n status -sb",
        "git diff --name-only HEAD~1 -- file",
        "git push -u origin main --force-with-lease",
        "git stash push -m word -- file",
        "git stash -u",
        "git rev-parse --abbrev-ref HEAD",
        "git cherry-pick -x --no-commit abc",
        "git submodule update --init --recursive",
        "git reflog main",
        "git lfs track '*.bin'",
        "git bisect start HEAD v1",
        "git clean -fdx",
        "git <command> --help",
        "git rebase -i --autosquash HEAD~3",
        "git format-patch -1 HEAD",
        "git --version",
    ],
)
def test_a_real_git_command_verifies(line: str) -> None:
    assert list_kinds(line, "git") == []


@pytest.mark.parametrize(
    ("line", "kind", "suggestion"),
    [
        ("git undo", "unknown command", None),
        ("git comit -m x", "unknown command", "git commit"),
        ("git remote set-uri a b", "unknown command", "git remote set-url"),
        ("git stash peek", "unknown command", None),
        ("git log --onelin", "unknown flag", "--oneline"),  # git log's own options may not be shortened
        ("git branch --rename a b", "unknown flag", None),
        ("git config --globl user.name n", "unknown flag", "--global"),
        ("git push --forced", "unknown flag", "--force"),
        ("git commit -y", "unknown flag", ""),
        ("git commit -m", "missing value", ""),
        ("git commit --amend=yes", "bad value", "--amend"),
    ],
)
def test_what_git_refuses_is_named(line: str, kind: str, suggestion: str | None) -> None:
    (problem,) = check(line, "git")
    assert problem.kind == kind
    assert suggestion is None or problem.suggestion == suggestion


@pytest.mark.parametrize(
    "line",
    [
        "kubectl get pods -n web -o wide --watch",
        "kubectl -n web get pods -l app=web -A",
        "kubectl --watch=true get pods",  # kubectl takes a subcommand's flags before its name
        "kubectl apply -f app.yaml --dry-run=client",
        "kubectl exec -it web -- ls --all",
        "kubectl create deployment web --image=nginx --replicas=3",
        "kubectl logs -f web -c app --tail=20 --since=1h",
        "kubectl rollout undo deployment/web --to-revision=2",
        "kubectl delete pod web --grace-period=0 --force",
        "kubectl config use-context dev",
        "kubectl krew install tree",
        "kubectl run web --image=nginx --port=80 --restart=Never -- sleep 5",
    ],
)
def test_a_real_kubectl_command_verifies(line: str) -> None:
    assert list_kinds(line, "kubectl") == []


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("kubectl get pods --namespaces web", "unknown flag"),
        ("kubectl list pods", "unknown command"),
        ("kubectl rollout revert deployment/web", "unknown command"),
        ("kubectl scale deployment web --replicas=many", "bad value"),
        ("kubectl apply -f a.yaml --dry-run=maybe", "bad value"),
        ("kubectl rolling-update web", "unknown command"),
        ("kubectl get pods -n", "missing value"),
    ],
)
def test_what_kubectl_refuses_is_named(line: str, kind: str) -> None:
    assert list_kinds(line, "kubectl") == [kind]


def test_placeholders_are_never_judged() -> None:
    for line in ("docker $COMMAND --foo", "docker run <image> --foo", "docker run --memory=$M nginx", "docker rm …"):
        assert list_kinds(line) == []
    assert list_kinds("docker run --memori=$M nginx") == ["unknown flag"]


def test_problems_carry_their_words_line() -> None:
    words = [Word("docker", line=3), Word("run", line=3), Word("--cpu", line=4), Word("2", line=4)]
    assert [p.line for p in judge_command(words, load_specification("docker"))] == [4]


def test_specifications_name_their_versions() -> None:
    assert set(NAMES) <= set(list_specifications())
    assert load_specification("docker").version == "28.2.2"
    assert load_specification("git").version == "2.39.5"
    assert load_specification("kubectl").version.startswith("1.32")


def test_a_missing_specification_says_how_to_make_one() -> None:
    with pytest.raises(sd.InputError, match=r"synthdata\.verify\.crawl kind"):
        load_specification("kind")


def test_a_broken_specification_is_an_input_error(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "broken.json"
    path.write_text('{"commands": []}')
    with pytest.raises(sd.InputError, match=r"broken\.json"):
        load_specification(str(path))


def test_a_grammar_that_nobody_knows_is_an_input_error() -> None:
    specification = dataclasses.replace(load_specification("docker"), grammar="argparse")
    with pytest.raises(
        sd.InputError, match=r"'argparse', which is none of git, goflag, pflag: make it again with python -m"
    ):
        judge_command([Word("docker"), Word("ps")], specification)


def test_what_either_of_dockers_builders_takes_behind_m_passes() -> None:
    assert list_kinds("docker build -m lots -t web .") == []
    assert list_kinds("docker run -m lots nginx") == ["bad value"]
