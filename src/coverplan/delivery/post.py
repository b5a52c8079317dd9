"""One call of a webhook: to the very address that was checked, without redirects, within a time."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice

import httpx

from coverplan import __version__
from coverplan.delivery.addresses import Address, AllowList
from coverplan.delivery.target import (
    AddressRefusedError,
    InvalidUrlError,
    Resolver,
    UnknownHostError,
    admitted_addresses,
    host_of,
    read_url,
    resolve,
)
from coverplan.payload.signature import (
    SIGNATURE_HEADER,
    STANDARD_ID_HEADER,
    STANDARD_SIGNATURE_HEADER,
    STANDARD_TIMESTAMP_HEADER,
    TIMESTAMP_HEADER,
    signature,
    standard_signature,
)

DELIVERY_HEADER = "Coverplan-Delivery"
_MOST_READ = 4096
"""Bytes of an answer that are taken off the line, so that its sender is not cut off; what they say is not kept."""
_MOST_ADDRESSES = 3
_LONGEST_REASON = 300


@dataclass(frozen=True)
class Outcome:
    """What became of a call; `final` where another try would end alike."""

    status: int | None = None
    error: str | None = None
    final: bool = False

    @property
    def delivered(self) -> bool:
        """Whether the receiver said that it has the message."""
        return self.error is None


@dataclass(frozen=True)
class Message:
    """What is sent, to whom, and the secrets that sign it."""

    id: str
    url: str
    secret: str
    body: bytes
    retired: Sequence[str] = ()
    """Secrets of before that sign beside the newest."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Its owner's; none replaces one of ours."""


async def post(message: Message, allow: AllowList, timeout_s: float, resolver: Resolver = resolve) -> Outcome:
    """Send a message; whatever goes wrong is an outcome."""
    try:
        async with asyncio.timeout(timeout_s):
            url = read_url(message.url)
            addresses = await admitted_addresses(url, allow, resolver)
            return _judged(await _first_answer(message, url, addresses, timeout_s))
    except TimeoutError:
        return Outcome(error=f"No answer within {timeout_s:g} s.")
    except UnknownHostError:
        return Outcome(error="The host name has no address.")
    except InvalidUrlError as error:
        return Outcome(error=f"The URL cannot be called: {error}.", final=True)
    except AddressRefusedError:
        return Outcome(error="The host has no address that COVERPLAN_WEBHOOK_ALLOW admits.", final=True)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Outcome(error=f"{type(error).__name__}: {error}"[:_LONGEST_REASON])


def _judged(status: int) -> Outcome:
    if httpx.codes.is_success(status):
        return Outcome(status)
    if httpx.codes.is_redirect(status):
        return Outcome(status, f"Answered with {status}; redirects are not followed.")
    return Outcome(status, f"Answered with {status}.")


async def _first_answer(message: Message, url: httpx.URL, addresses: Sequence[Address], timeout_s: float) -> int:
    """The status of the first address that can be connected to."""
    failure: httpx.ConnectError | None = None
    # No proxy of the environment: it would resolve the name by itself.
    async with httpx.AsyncClient(
        verify=_authorities(), trust_env=False, follow_redirects=False, timeout=timeout_s
    ) as http:
        for address in islice(addresses, _MOST_ADDRESSES):
            try:
                return await _answer(http, _request(http, message, url, address))
            except httpx.ConnectError as error:
                failure = error
    assert failure is not None
    raise failure


@cache
def _authorities() -> ssl.SSLContext:
    """Who may vouch for receivers: the usual ones, or those of SSL_CERT_FILE. Reading them takes a while."""
    return httpx.create_ssl_context(trust_env=True)


def _request(http: httpx.AsyncClient, message: Message, url: httpx.URL, address: Address) -> httpx.Request:
    """The call, with the address in the place of the name, which Host and the TLS handshake still say."""
    headers = {name.lower(): value for name, value in message.headers.items()}
    ours = {name.lower(): value for name, value in _headers(message, url).items()}
    return http.build_request(
        "POST",
        url.copy_with(host=str(address)),
        content=message.body,
        headers={**headers, **ours},
        extensions={"sni_hostname": host_of(url)},
    )


def _headers(message: Message, url: httpx.URL) -> dict[str, str]:
    timestamp, secrets = str(int(time.time())), (message.secret, *message.retired)
    return {
        "Host": url.netloc.decode("ascii"),
        "User-Agent": f"Coverplan/{__version__}",
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "Connection": "close",
        DELIVERY_HEADER: message.id,
        TIMESTAMP_HEADER: timestamp,
        SIGNATURE_HEADER: ",".join(signature(one, timestamp, message.body) for one in secrets),
        STANDARD_ID_HEADER: message.id,
        STANDARD_TIMESTAMP_HEADER: timestamp,
        STANDARD_SIGNATURE_HEADER: " ".join(
            standard_signature(one, message.id, timestamp, message.body) for one in secrets
        ),
    }


async def _answer(http: httpx.AsyncClient, request: httpx.Request) -> int:
    response = await http.send(request, stream=True)
    try:
        read = 0
        async for chunk in response.aiter_raw():
            read += len(chunk)
            if read >= _MOST_READ:
                break
    finally:
        await response.aclose()
    return response.status_code
