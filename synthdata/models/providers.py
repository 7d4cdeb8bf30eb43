"""Hosted services: where each is, which variable holds its key, and which model names are its own."""

from dataclasses import dataclass

# The variables are those that each service's own documentation names.


@dataclass(frozen=True, slots=True)
class Provider:
    """A service. url: its OpenAI-compatible address. key: the variable of its key. models: how its own models' names begin."""

    url: str
    key: str
    models: tuple[str, ...] = ()


PROVIDERS: dict[str, Provider] = {
    "api.openai.com": Provider("https://api.openai.com/v1", "OPENAI_API_KEY", ("gpt-", "o1", "o3", "o4", "chatgpt-")),
    "openrouter.ai": Provider("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "api.together.xyz": Provider("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "api.mistral.ai": Provider(
        "https://api.mistral.ai/v1", "MISTRAL_API_KEY", ("mistral-", "ministral-", "codestral-")
    ),
    "api.groq.com": Provider("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "api.fireworks.ai": Provider(
        "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY", ("accounts/fireworks/",)
    ),
    "api.deepseek.com": Provider("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", ("deepseek-",)),
    "api.deepinfra.com": Provider("https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY"),
    "api.cerebras.ai": Provider("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "api.x.ai": Provider("https://api.x.ai/v1", "XAI_API_KEY", ("grok-",)),
    "router.huggingface.co": Provider("https://router.huggingface.co/v1", "HF_TOKEN"),
    "api.anthropic.com": Provider("https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", ("claude-",)),
    "generativelanguage.googleapis.com": Provider(
        "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY", ("gemini-",)
    ),
}


def find_key_variable(host: str | None) -> str:
    """Find the variable that usually holds the key of a host; SYNTHDATA_API_KEY for one that is not known."""
    provider = PROVIDERS.get(host or "")
    return provider.key if provider else "SYNTHDATA_API_KEY"


def suggest_endpoint(model: str) -> str:
    """Say how a bare model name is written as an endpoint; "" when nobody's names begin so."""
    for provider in PROVIDERS.values():
        if model.lower().startswith(provider.models):
            return f"{provider.url}#{model}, with its key in {provider.key}"
    return ""
