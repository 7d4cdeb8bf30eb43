"""One request to one server: sent, and its fault told from a reply.

Covers connections, proxies, TLS, the sorting of faults, and words for them without the key in them; and the list of a
server's models. Requests go over aiohttp, whose cost in processor time the openai package's client multiplies; that
client lists the models, where speed does not matter. Not covered: retrying, limits and storing (run.py).
"""

import asyncio
import email.utils
import time
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import orjson

from synthdata.base.errors import EndpointError
from synthdata.models.endpoints import Endpoint
from synthdata.models.local.server import serve_model
from synthdata.models.refusals import explain_status

if TYPE_CHECKING:
    import aiohttp


class TransientError(Exception):
    """A fault that may heal. reached: whether a server answered at all. wait: seconds it asked for."""

    def __init__(self, reason: str, raw: str = "", reached: bool = True, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.raw, self.reached, self.wait = raw, reached, wait


class Transport:
    """A server's address and key, and how to talk to it. Starts the embedded server when the endpoint is local.

    timeout: seconds for one request.
    """

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self.endpoint, self.timeout = endpoint, timeout
        if endpoint.url is not None:
            self.url, self.key = endpoint.url, endpoint.api_key
        else:
            self.url, self.key = serve_model(endpoint.name)

    def open_session(self) -> "aiohttp.ClientSession":
        """Open the connections of one run; to be used within that run's loop."""
        import aiohttp

        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        headers |= {"Content-Type": "application/json", "Accept": "application/json"}
        timeout = aiohttp.ClientTimeout(total=self.timeout, sock_connect=30)
        connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=300)
        # The environment's proxy is looked up once: trust_env would do it in a thread for every request.
        proxy = find_proxy(self.url)
        return aiohttp.ClientSession(
            connector=connector, headers=headers, timeout=timeout, proxy=proxy, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def post(self, session: "aiohttp.ClientSession", body: bytes) -> tuple[int, Any, bytes]:
        """Send one body; returns status, headers and what was said.

        Raises TransientError for a fault that may heal, EndpointError for TLS, proxy or URL trouble.
        """
        import aiohttp

        try:
            async with session.post(f"{self.url}/chat/completions", data=body, allow_redirects=False) as response:
                return response.status, response.headers, await response.read()
        except (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError) as cause:
            raise EndpointError(
                f"{self.endpoint.name}: the TLS connection failed ({cause}). If a company proxy re-signs traffic, "
                "name its certificate file in SSL_CERT_FILE; verification stays on."
            ) from cause
        except aiohttp.ClientHttpProxyError as cause:
            raise EndpointError(
                f"{self.endpoint.name}: the proxy refused ({cause.status}); check HTTPS_PROXY and NO_PROXY."
            ) from cause
        except aiohttp.InvalidURL as cause:
            raise EndpointError(f"{self.endpoint.name} is no usable URL: write http://host:port/v1#<model>.") from cause
        except TimeoutError as cause:
            raise TransientError(f"no reply within {self.timeout:g} s") from cause
        except aiohttp.ClientConnectorError as cause:
            raise TransientError(f"cannot connect ({cause.os_error})", reached=False) from cause
        except (aiohttp.ClientError, ConnectionError) as cause:
            raise TransientError(f"the connection broke ({type(cause).__name__})") from cause

    def parse_reply(self, raw: bytes) -> dict[str, Any]:
        """Parse a reply; refuse bodies that are no chat reply although their status was 200."""
        try:
            reply = orjson.loads(raw)
        except orjson.JSONDecodeError as cause:
            shown = self.redact(raw)
            kind = "HTML instead of JSON" if shown.lstrip().startswith("<") else "cut-off or invalid JSON"
            raise TransientError(f"status 200 with {kind}", shown) from cause
        if not isinstance(reply, dict) or not isinstance(reply.get("choices"), list):
            raise TransientError("status 200 with JSON that is no chat reply", self.redact(raw))
        if not reply["choices"]:
            raise TransientError("a reply with no choices", self.redact(raw))
        return reply

    def redact(self, raw: bytes) -> str:
        """Decode what a server said, without the key should it echo it."""
        text = raw.decode("utf-8", errors="replace")
        return text.replace(self.key, "[key]") if self.key else text

    async def explain_refusal(self, status: int, text: str) -> str:
        """Say what a refusal means, with the models the server lists where that helps."""
        offered = await asyncio.to_thread(self.list_models) if status in (404, 410) else None
        return explain_status(self.endpoint, status, text, offered)

    def explain_unreachable(self, reason: str) -> str:
        """Say that nothing answers, and what to look at."""
        name = self.endpoint.name
        return (
            f"nothing answers at {name}: {reason}. Start the server, check host and port, and check HTTPS_PROXY and "
            "NO_PROXY if this machine is behind a proxy."
        )

    def list_models(self) -> list[str]:
        """List the model names the server offers; empty when it does not say."""
        return sorted(model.id for model in self._fetch_models())

    def read_context(self) -> int | None:
        """Ask the server how many tokens of context it gives this model; None when it does not say."""
        listed = [model for model in self._fetch_models() if model.id == self.endpoint.model]
        extra = (listed[0].model_extra or {}) if listed else {}
        meta = extra.get("meta")
        value = extra.get("max_model_len") or extra.get("context_length") or (meta or {}).get("n_ctx")
        return value if isinstance(value, int) else None

    def _fetch_models(self) -> list[Any]:
        import openai

        try:
            with openai.OpenAI(base_url=self.url, api_key=self.key or "none", max_retries=0, timeout=15) as client:
                return [model for model in client.models.list() if isinstance(model.id, str)]
        except (openai.OpenAIError, ValueError, TypeError, AttributeError):
            return []  # many servers do not list; the call that was refused, or follows, says what matters


def find_proxy(url: str) -> str | None:
    """Find the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name for a URL."""
    parts = urllib.parse.urlsplit(url)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def read_retry_after(value: str | None) -> float | None:
    """Read a Retry-After header (seconds or an HTTP date) as seconds from now, between 0 and an hour."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), 3600.0) if seconds == seconds else None
