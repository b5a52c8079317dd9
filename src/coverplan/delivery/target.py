"""The URL of a webhook: what it may look like, and the addresses behind it that may be called."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

import httpx

from coverplan.delivery.addresses import Address, AllowList

Resolver = Callable[[str, int], Awaitable[Sequence[Address]]]
"""The addresses of a host name."""

_VISIBLE = re.compile("[!-~]*")
_PORTS = {"http": 80, "https": 443}


class InvalidUrlError(ValueError):
    """The text is no URL that can be called."""


class AddressRefusedError(Exception):
    """The operator's list admits no address of the host."""


class UnknownHostError(Exception):
    """The host has no address."""


def read_url(text: str) -> httpx.URL:
    """The URL of a webhook.

    Raises:
        InvalidUrlError: it is none.
    """
    if not _VISIBLE.fullmatch(text):
        raise InvalidUrlError("it may hold visible ASCII characters only, others as %20")
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise InvalidUrlError(str(error)) from None
    if url.scheme not in _PORTS:
        raise InvalidUrlError("it must start with https:// or http://")
    if not url.host:
        raise InvalidUrlError("it names no host")
    if url.userinfo:
        raise InvalidUrlError("it must hold no user name or password")
    if url.port is not None and not 0 < url.port < 65536:
        raise InvalidUrlError("its port is out of range")
    return url


def host_of(url: httpx.URL) -> str:
    """The host as DNS and TLS name it."""
    return url.raw_host.decode("ascii").strip("[]").rstrip(".")


def port_of(url: httpx.URL) -> int:
    """The port that the URL names or its scheme stands for."""
    return url.port or _PORTS[url.scheme]


async def admitted_addresses(url: httpx.URL, allow: AllowList, resolve: Resolver) -> list[Address]:
    """The addresses of the URL's host that may be called.

    Raises:
        UnknownHostError: the host has no address.
        AddressRefusedError: none of them is admitted.
    """
    host = host_of(url)
    found = await resolve(host, port_of(url))
    if not found:
        raise UnknownHostError(host)
    admitted = [address for address in dict.fromkeys(found) if allow.admits(host, address)]
    if not admitted:
        raise AddressRefusedError(host)
    return admitted


async def resolve(host: str, port: int) -> list[Address]:
    """The addresses that this machine knows of a host; none for a host that it does not know."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [ip_address(address[0]) for *_, address in found]
