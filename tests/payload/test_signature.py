"""Signatures of webhooks, by hand and by the published example of Standard Webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping

import pytest

from coverplan.client import SignatureError, read_webhook
from coverplan.payload.signature import is_standard_signed, signature, standard_key, standard_signature

PUBLISHED = (
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "1614265330",
    b'{"test": 2432232314}',
)
"""Secret, id, time and body of the example that the libraries of Standard Webhooks are tested with."""
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
BODY = b'{"id": "del-1", "kind": "webhook.test", "created_at": "2027-01-31T08:00:00Z"}'


def test_the_published_example() -> None:
    assert standard_signature(*PUBLISHED) == SIGNATURE
    assert is_standard_signed(*PUBLISHED, f"v1,AAAA v2,xyz {SIGNATURE}")
    assert not is_standard_signed(*PUBLISHED[:3], PUBLISHED[3] + b" ", SIGNATURE)


def test_a_secret_of_before_is_its_own_key() -> None:
    """For libraries: `whsec_` and the base64 of the secret as it is written."""
    assert standard_key("whsec-abc") == b"whsec-abc"
    assert standard_key("whsec_" + base64.b64encode(b"whsec-abc").decode()) == b"whsec-abc"
    assert standard_key("whsec_no base64") == b"whsec_no base64"


def test_ours_takes_the_secret_as_it_is_written() -> None:
    for secret in ("whsec-abc", PUBLISHED[0]):
        expected = hmac.new(secret.encode(), b"1614265330." + BODY, hashlib.sha256).hexdigest()
        assert signature(secret, "1614265330", BODY) == f"v1={expected}"


def headers(secret: str, *, ours: bool = True, standard: bool = True, age_s: int = 0) -> dict[str, str]:
    timestamp = str(int(time.time()) - age_s)
    found = (
        {"Coverplan-Timestamp": timestamp, "Coverplan-Signature": signature(secret, timestamp, BODY)} if ours else {}
    )
    if standard:
        found |= {"Webhook-Id": "del-1", "Webhook-Timestamp": timestamp}
        found |= {"Webhook-Signature": standard_signature(secret, "del-1", timestamp, BODY)}
    return found


@pytest.mark.parametrize("given", [{}, {"ours": False}, {"standard": False}])
@pytest.mark.parametrize("secret", ["whsec-abc", PUBLISHED[0]])
def test_a_receiver_reads_either(secret: str, given: Mapping[str, bool]) -> None:
    assert read_webhook(secret, headers(secret, **given), BODY).id == "del-1"


@pytest.mark.parametrize("given", [{"ours": False}, {"standard": False}])
def test_and_believes_neither_that_is_wrong_or_old(given: Mapping[str, bool]) -> None:
    secret = PUBLISHED[0]
    for wrong, body, other in (
        (headers(secret, **given, age_s=3600), BODY, secret),
        (headers(secret, **given), BODY + b" ", secret),
        (headers(secret, **given), BODY, "whsec-other"),
        ({**headers(secret, **given), "Webhook-Id": "del-2", "Coverplan-Timestamp": "1"}, BODY, secret),
    ):
        with pytest.raises(SignatureError):
            read_webhook(other, wrong, body)
