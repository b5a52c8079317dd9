"""Which addresses webhooks may call."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from pydantic import ValidationError

from coverplan.delivery.addresses import AllowList, is_public
from coverplan.settings import Settings

REFUSED = [
    ("127.0.0.1", "loopback"),
    ("127.200.0.9", "loopback"),
    ("::1", "loopback"),
    ("0.0.0.0", "unspecified"),
    ("::", "unspecified"),
    ("10.0.0.1", "private"),
    ("172.16.0.1", "private"),
    ("172.31.255.255", "private"),
    ("192.168.1.1", "private"),
    ("fd12:3456::1", "unique local"),
    ("100.64.0.1", "shared"),
    ("169.254.1.1", "link-local"),
    ("fe80::1", "link-local"),
    ("fe80::1%1", "link-local with its interface"),
    ("fec0::1", "site-local"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.250", "multicast"),
    ("ff02::1", "multicast"),
    ("ff0e::1", "multicast, global"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("192.0.2.1", "example"),
    ("198.51.100.1", "example"),
    ("203.0.113.1", "example"),
    ("2001:db8::1", "example"),
    ("3fff::1", "example"),
    ("198.18.0.1", "benchmark"),
    ("192.88.99.1", "relay"),
    ("::ffff:127.0.0.1", "IPv4-mapped"),
    ("::ffff:8.8.8.8", "IPv4-mapped, although public"),
    ("::ffff:0:127.0.0.1", "IPv4-translated"),
    ("::127.0.0.1", "IPv4-compatible"),
    ("64:ff9b::7f00:1", "NAT64"),
    ("64:ff9b::808:808", "NAT64, although public"),
    ("64:ff9b:1::1", "NAT64, local"),
    ("2002:7f00:1::1", "6to4"),
    ("2001:0:7f00:1::1", "Teredo"),
    ("100::1", "discard"),
    ("5f00::1", "segment routing"),
    ("169.254.169.254", "metadata: AWS, Azure, Google"),
    ("169.254.170.2", "metadata: AWS tasks"),
    ("fd00:ec2::254", "metadata: AWS"),
    ("100.100.100.200", "metadata: Alibaba"),
    ("192.0.0.192", "metadata: Oracle"),
    ("168.63.129.16", "metadata: Azure, in public space"),
]


@pytest.mark.parametrize(("address", "family"), REFUSED, ids=[f"{name} {address}" for address, name in REFUSED])
def test_what_is_not_of_the_open_internet_is_refused(address: str, family: str) -> None:
    assert not is_public(ip_address(address)), family


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "223.255.255.255", "2606:4700::1111", "2a00::1"],
)
def test_neighbours_of_refused_networks_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("allow", "host", "address", "admitted"),
    [
        (["public"], "hooks.example", "1.1.1.1", True),
        ([], "hooks.example", "1.1.1.1", False),  # nothing is called at all
        (["10.1.0.0/16"], "hooks.example", "1.1.1.1", False),  # only what is listed
        (["10.1.0.0/16"], "hooks.example", "10.1.2.3", True),
        (["10.1.0.0/16"], "hooks.example", "10.2.2.3", False),
        (["10.0.0.0/8"], "hooks.example", "::ffff:10.0.0.1", False),
        (["127.0.0.1"], "localhost", "127.0.0.1", True),
        (["public", "hooks.corp"], "hooks.corp", "10.1.2.3", True),
        (["public", "hooks.corp"], "HOOKS.corp.", "10.1.2.3", True),
        (["public", "hooks.corp"], "evil.hooks.corp", "10.1.2.3", False),
        (["fd00::/8"], "hooks.corp", "fd00::5", True),
    ],
)
def test_the_list_says_what_is_admitted(allow: list[str], host: str, address: str, admitted: bool) -> None:
    assert AllowList.of(allow).admits(host, ip_address(address)) is admitted


@pytest.mark.parametrize("entry", ["10.0.0.0/33", "http://hooks.corp", "*.corp", "", "a b"])
def test_an_entry_that_is_neither_a_network_nor_a_name_is_an_error(entry: str) -> None:
    with pytest.raises(ValidationError, match="neither a network"):
        Settings(webhook_allow=[entry])
