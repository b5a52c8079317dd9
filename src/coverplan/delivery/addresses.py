"""Which addresses webhooks may call: a list of the operator's, in which `public` stands for the open internet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from coverplan.settings import PUBLIC

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        # IANA's special-purpose addresses: this network, private, shared, loopback, link-local, protocols, examples,
        # relays, benchmarks, multicast, reserved. Clouds keep their metadata at 169.254.169.254, 100.100.100.200,
        # 192.0.0.192 and fd00:ec2::254, which are among them, and at 168.63.129.16, which looks like any other.
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "168.63.129.16/32",
        # Within the unicast addresses of IPv6: protocols (with Teredo), examples, 6to4, benchmarks.
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)
_UNICAST = IPv6Network("2000::/3")
"""The addresses of IPv6 in use. Outside are loopback, link-local, unique local, multicast and all that hold an IPv4
address: mapped, compatible, translated and NAT64."""


@dataclass(frozen=True)
class AllowList:
    """The addresses and host names that the operator admits."""

    public: bool
    networks: tuple[Network, ...]
    names: frozenset[str]

    @classmethod
    def of(cls, entries: Iterable[str]) -> Self:
        """Read the entries of the setting, which has checked them."""
        public, networks, names = False, [], set()
        for entry in entries:
            if entry == PUBLIC:
                public = True
                continue
            try:
                networks.append(ip_network(entry, strict=False))
            except ValueError:
                names.add(_plain(entry))
        return cls(public, tuple(networks), frozenset(names))

    def admits(self, host: str, address: Address) -> bool:
        """Whether a connection to the address, under that host name, may be made."""
        if _plain(host) in self.names or any(_holds(network, address) for network in self.networks):
            return True
        return self.public and is_public(address)

    def may_admit(self, host: str) -> bool:
        """Whether the host could be admitted, as far as its name says; an address says all, a name nearly nothing."""
        name = _plain(host)
        address = literal(name)
        if address is not None:
            return self.admits(name, address)
        if name in self.names or self.networks:
            return True
        return self.public and name != "localhost" and not name.endswith(".localhost")


def is_public(address: Address) -> bool:
    """Whether the address is one of the open internet."""
    if isinstance(address, IPv6Address) and not _holds(_UNICAST, address):
        return False
    return not any(_holds(network, address) for network in _NOT_PUBLIC)


def literal(host: str) -> Address | None:
    """The address that a host is written as; None for a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _holds(network: Network, address: Address) -> bool:
    return network.version == address.version and address in network


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
