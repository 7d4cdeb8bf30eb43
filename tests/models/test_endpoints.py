"""Written endpoints, keys, and what refusals are called."""

import pytest

from synthdata.base.errors import InputError
from synthdata.models.endpoints import NIM_URL, mask_secret, parse_endpoint
from synthdata.models.refusals import explain_status

KEY = "nvapi-" + "x" * 16


def test_auto_is_the_embedded_model_without_a_key_and_nim_with_one() -> None:
    assert parse_endpoint("auto", environ={}).is_local
    assert parse_endpoint("auto", "reward", environ={}).model == "qwen2.5-coder-1.5b-instruct-q4_k_m"
    assert parse_endpoint("auto", environ={"NVIDIA_API_KEY": KEY}).name == "nim:meta/llama-3.1-405b-instruct"
    assert parse_endpoint("auto", "reward", environ={"NVIDIA_API_KEY": KEY}).model == "nvidia/nemotron-4-340b-reward"


def test_a_url_names_server_and_model() -> None:
    endpoint = parse_endpoint(
        "http://host:8000/v1/#nvidia/nemotron-4-340b-reward", environ={"SYNTHDATA_API_KEY": "secret-key-12345"}
    )
    assert (endpoint.url, endpoint.model) == ("http://host:8000/v1", "nvidia/nemotron-4-340b-reward")
    assert endpoint.api_key == "secret-key-12345"
    assert "secret" not in repr(endpoint)
    assert endpoint.identity == "http://host:8000/v1"


def test_an_nvidia_key_goes_to_nvidia_only() -> None:
    assert parse_endpoint("http://host/v1#m", environ={"NVIDIA_API_KEY": KEY}).api_key == ""
    assert parse_endpoint(f"{NIM_URL}#m", environ={"NVIDIA_API_KEY": KEY}).api_key == KEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "gpt-4",
        "nim:",
        "local:huge",
        "http://host/v1",
        "http://#m",
        "ftp://h/v1#m",
        "http://h:99999/v1#m",
        None,
        3,
    ],
)
def test_an_unknown_endpoint_is_refused_in_one_line(text: object) -> None:
    with pytest.raises(InputError) as caught:
        parse_endpoint(text, environ={"NVIDIA_API_KEY": KEY})  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert "write" in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "NVIDIA_API_KEY is not set: get a key"),
        ({"OPENAI_API_KEY": KEY}, 'OPENAI_API_KEY holds an NVIDIA key .* export NVIDIA_API_KEY="\\$OPENAI_API_KEY"'),
        ({"NVIDIA_API_KEY": "sk-abcdefghijklmnop"}, "holds sk-a…, which is no NVIDIA key"),
        ({"NVIDIA_API_KEY": "nvapi-abc def\nghijk"}, "space or line break"),
    ],
)
def test_a_missing_or_misplaced_key_is_named(environ: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        parse_endpoint("nim:meta/llama-3.1-405b-instruct", environ=environ)
    assert all(value not in str(caught.value) for value in environ.values())


def test_a_misplaced_key_is_named_under_auto_too() -> None:
    with pytest.raises(InputError, match="NIM_KEY holds an NVIDIA key"):
        parse_endpoint("auto", environ={"NIM_KEY": KEY})


def test_a_secret_in_a_url_is_refused_without_repeating_it() -> None:
    with pytest.raises(InputError, match="SYNTHDATA_API_KEY") as caught:
        parse_endpoint("http://user:hunter2@host/v1#m", environ={})
    assert "hunter2" not in str(caught.value)


def test_short_secrets_show_nothing() -> None:
    assert mask_secret("abcd1234") == "…"
    assert mask_secret(KEY) == "nvap…"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, "no", "not valid"),
        (402, "pay", "out of credits"),
        (403, '{"detail":"credits exhausted"}', "out of credits"),
        (403, "forbidden", "may not use"),
        (404, "Function 'x': Not found for account 'y'", "no model"),
        (410, "has reached its end of life", "has ended"),
        (429, "Too Many Requests", "limit of requests"),
        (400, "This model's maximum context length is 2048 tokens", "context window"),
        (502, "<html>Bad \x1b[31mGateway</html>", "fault of its own"),
        (405, "", "no OpenAI-compatible chat server"),
    ],
)
def test_refusals_are_explained(status: int, body: str, said: str) -> None:
    endpoint = parse_endpoint("nim:meta/llama-3.1-405b-instruct", environ={"NVIDIA_API_KEY": KEY})
    text = explain_status(endpoint, status, body, ["meta/llama-4", "nvidia/embed-qa", "nvidia/x-reward"])
    assert said in text
    assert "\x1b" not in text
    assert KEY not in text
    if status in (404, 410):
        assert "nim:meta/llama-4" in text
        assert "embed" not in text
        assert "x-reward" not in text


def test_two_providers_have_each_its_own_key() -> None:
    environ = {"OPENAI_API_KEY": "sk-openai-1234567", "MISTRAL_API_KEY": "mistral-1234567890", "HOME": "/"}
    assert parse_endpoint("https://api.openai.com/v1#gpt-4o", environ=environ).api_key == "sk-openai-1234567"
    assert parse_endpoint("https://api.mistral.ai/v1#m", environ=environ).api_key == "mistral-1234567890"
    assert parse_endpoint("http://127.0.0.1:1/v1#m", environ=environ).api_key == ""
    environ["SYNTHDATA_API_KEY"] = "for-all-1234567890"
    assert parse_endpoint("https://api.openai.com/v1#gpt-4o", environ=environ).api_key == "for-all-1234567890"


def test_a_bare_model_name_is_told_how_it_is_written() -> None:
    with pytest.raises(InputError, match=r"write https://api.openai.com/v1#gpt-4o, with its key in OPENAI_API_KEY"):
        parse_endpoint("gpt-4o")
    with pytest.raises(InputError, match="write one of nim:<model>"):
        parse_endpoint("qwen")


def test_a_key_with_a_line_break_is_named_and_masked() -> None:
    with pytest.raises(InputError, match="OPENAI_API_KEY .*line break inside") as caught:
        parse_endpoint("https://api.openai.com/v1#m", environ={"OPENAI_API_KEY": "sk-first-part\nsecond-part"})
    assert "second" not in str(caught.value)


@pytest.mark.parametrize(
    "written",
    [
        "http://u:{}@127.0.0.1:1/v1#m", "http://{}@127.0.0.1:1/v1#m", "u:{}@127.0.0.1:1/v1#m", "ftp://u:{}@127.0.0.1/v1#m",
        "HTTP://u:{}@127.0.0.1:1/v1#m", "http://u:{}/x@127.0.0.1/v1#m", "http://u:1{}#x@127.0.0.1/v1#m",
        "http://127.0.0.1:1/v1#u:{}@m", "http://u:{}\uff20127.0.0.1/v1#m", "http:\\\\u:{}@127.0.0.1/v1#m", "http://u:{}@[::1/v1#m",
        "http://127.0.0.1:1/v1?api-key={}#m", "http://127.0.0.1:1/v1#m?key={}", "nvapi-{}", "nim:nvapi-{}", "sk-{}",
        "http://u:{}@host:port/v1#m",
    ],
)  # fmt: skip
def test_a_key_inside_an_endpoint_is_refused_and_not_shown(written: str) -> None:
    with pytest.raises(InputError, match="SYNTHDATA_API_KEY|is not a URL") as caught:
        parse_endpoint(written.format("SENTINEL123456789"), environ={"NVIDIA_API_KEY": KEY})
    assert "SENTINEL" not in str(caught.value)


def test_names_with_an_at_sign_or_a_colon_are_no_secrets() -> None:
    for model in ("llama3:8b", "claude-3-5@20240620", "org/model-name"):
        assert parse_endpoint(f"http://127.0.0.1:1/v1#{model}", environ={}).model == model
