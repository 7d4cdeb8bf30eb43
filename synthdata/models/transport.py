"""One request to one server: sent, its reply bounded in size, and its fault told from an answer.

Requests go over aiohttp, whose cost in processor time the openai package's client multiplies; that client lists the models,
where speed does not matter.
"""

import asyncio
import base64
import email.utils
import math
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from synthdata.base.errors import EndpointError
from synthdata.models.endpoints import Endpoint
from synthdata.models.local.server import serve_model
from synthdata.models.refusals import explain_status
from synthdata.models.replies import parse_json
from synthdata.models.server_errors import read_error

if TYPE_CHECKING:
    import aiohttp


STREAMS = "the server streams its reply although it was not asked to: name an endpoint that does not"
# Events as they are sent to a browser, and JSON objects one behind the other.
_STREAM = re.compile(
    rb"[\s\xef\xbb\xbf]*(?:data:|event:\s*\w+[^\n]*\n|(?::|id:|retry:)[^\n]*\s+(?:[^\n]*\n\s*)??(?:data|event):)"
)
_CHUNK = re.compile(rb"\"delta\"|\"done\"\s?:\s?false|chat\.completion\.chunk")
SHOWN_OF_KEY = 7  # so many characters in a row of a key may be shown, where a server echoes a part of it

MAX_REPLY_BYTES = 32 << 20  # a chat reply of 4,096 tokens with logprobs has about 1 MB


class TransientError(Exception):
    """A fault that may heal. reached: whether a server answered at all. wait: seconds it asked for."""

    def __init__(self, reason: str, raw: str = "", reached: bool = True, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.raw, self.reached, self.wait = raw, reached, wait


class RowError(Exception):
    """A fault of this one request that asking again would not heal."""

    def __init__(self, reason: str, raw: str = "") -> None:
        super().__init__(reason)
        self.raw = raw


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
        self._key_forms = list_key_forms(self.key)

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
                return response.status, response.headers, await self._read_body(response)
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

    async def _read_body(self, response: "aiohttp.ClientResponse") -> bytes:
        """Read a body of at most MAX_REPLY_BYTES, unpacked; a server that sends more has lost its way."""
        parts, size = [], 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > MAX_REPLY_BYTES:
                response.close()
                raise RowError(f"the reply is larger than {MAX_REPLY_BYTES >> 20} MiB and was not read")
            parts.append(part)
        return b"".join(parts)

    def parse_reply(self, raw: bytes) -> tuple[dict[str, Any], int]:
        """Parse a body that came with status 200. Returns the reply, and the status that it really means.

        Raises TransientError for a body that is cut off, RowError for one that is something else than a chat reply.
        """
        if _STREAM.match(raw):
            raise RowError(STREAMS, self.redact(raw))
        try:
            reply = parse_json(raw)
        except ValueError as cause:
            shown = self.redact(raw)
            if _is_in_chunks(raw):
                raise RowError(STREAMS, shown) from cause
            if "too deep" in str(cause):
                raise RowError("status 200 with JSON nested too deep to read", shown) from cause
            kind = "HTML instead of JSON" if shown.lstrip().startswith("<") else "cut-off or invalid JSON"
            raise TransientError(f"status 200 with {kind}", shown) from cause
        choices = reply.get("choices") if isinstance(reply, dict) else None
        if isinstance(choices, list) and choices:
            first = choices[0]
            if isinstance(first, dict) and "delta" in first and not {"message", "text"} & set(first):
                raise RowError(STREAMS, self.redact(raw))
            return reply, 200
        error = read_error(reply)
        if error is not None and error[0] is not None and error[0] < 500 and error[0] not in (408, 409, 425):
            return reply, error[0]
        if error is not None:
            number = f" {error[0]}" if error[0] else ""
            raise TransientError(f"status 200 with an error{number}: {error[1][:200]}", self.redact(raw))
        if choices == []:
            raise TransientError("a reply with no choices", self.redact(raw))
        raise TransientError("status 200 with JSON that is no chat reply", self.redact(raw))

    def redact(self, raw: bytes) -> str:
        """Decode what a server said, without the key should it echo it, or a part of it, in any usual form."""
        text = self.mask_key(raw).decode("utf-8", errors="replace")
        for start in range(min(len(self.key), 1000) - SHOWN_OF_KEY):
            text = text.replace(self.key[start : start + SHOWN_OF_KEY + 1], "[key]")
        return text

    def mask_key(self, raw: bytes) -> bytes:
        """Replace the key in a reply, should the server echo it: as it is, escaped, quoted or in base64."""
        for form in self._key_forms:
            if form in raw:
                raw = raw.replace(form, b"[key]")
        return raw

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

        # Redirects are not followed, and what the environment holds for OpenAI itself (organisation, project, headers of a
        # gateway) belongs to OpenAI: only this endpoint's own key leaves.
        http = openai.DefaultHttpxClient(follow_redirects=False, timeout=15)
        try:
            with openai.OpenAI(
                base_url=self.url, api_key=self.key or "none", max_retries=0, http_client=http
            ) as client:
                client.organization = client.project = None
                client._custom_headers = {}
                return [model for model in client.models.list() if isinstance(model.id, str)]
        except (openai.OpenAIError, ValueError, TypeError, AttributeError):
            return []  # many servers do not list; the call that was refused, or follows, says what matters


def _is_in_chunks(raw: bytes) -> bool:
    """Whether a body is JSON objects one behind the other, of which the first is a part of a reply."""
    first, _, rest = raw.lstrip().partition(b"\n")
    return first[:1] == b"{" and rest.lstrip()[:1] == b"{" and _CHUNK.search(first) is not None


def list_key_forms(key: str) -> list[bytes]:
    """List the forms in which a server may echo a key, the longest first; none for a key too short to be a secret."""
    if len(key) < 8:
        return [key.encode()] if key else []
    quoted, packed = urllib.parse.quote(key, safe=""), base64.b64encode(key.encode()).decode()
    forms = {
        key,
        orjson.dumps(key).decode()[1:-1],
        orjson.dumps(key).decode()[1:-1].replace("/", "\\/"),
        quoted,
        packed,
    }
    return sorted(
        (form.encode() for form in {*forms, packed.rstrip("="), key.upper(), key.lower()}), key=len, reverse=True
    )


def find_proxy(url: str) -> str | None:
    """Find the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name for a URL."""
    parts = urllib.parse.urlsplit(url)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds a server asks to wait: retry-after-ms, or Retry-After in seconds or as a date; None if it does not."""
    milliseconds = headers.get("retry-after-ms")
    value = headers.get("Retry-After")
    try:
        seconds = float(milliseconds) / 1000 if milliseconds else float(value or "nan")
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value or "").timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
