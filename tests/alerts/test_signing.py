from __future__ import annotations

import base64

import pytest

from service.alerts.signing import Check, parse_secret, sign, signed_headers, verify

# The vector that the reference implementations of Standard Webhooks share.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1_614_265_330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

KEY = parse_secret(SECRET)
OTHER = bytes(range(32))


def test_the_published_vector_is_reproduced() -> None:
    assert sign([KEY], ID, TIMESTAMP, BODY) == SIGNATURE


def test_the_published_vector_verifies() -> None:
    headers = {"webhook-id": ID, "webhook-timestamp": str(TIMESTAMP), "webhook-signature": SIGNATURE}
    assert verify([KEY], headers, BODY, TIMESTAMP) is Check.VALID


def test_during_a_rotation_either_key_verifies() -> None:
    headers = signed_headers([OTHER, KEY], ID, TIMESTAMP, BODY)
    assert headers["webhook-signature"].split()[1] == SIGNATURE
    assert verify([KEY], headers, BODY, TIMESTAMP) is Check.VALID
    assert verify([OTHER], headers, BODY, TIMESTAMP) is Check.VALID


@pytest.mark.parametrize(
    ("changed", "body", "now_s", "found"),
    [
        ({}, BODY + b" ", TIMESTAMP, Check.MISMATCH),
        ({"webhook-id": "msg_other"}, BODY, TIMESTAMP, Check.MISMATCH),
        ({"webhook-timestamp": str(TIMESTAMP + 1)}, BODY, TIMESTAMP, Check.MISMATCH),
        ({"webhook-signature": SIGNATURE.replace("v1,", "v2,")}, BODY, TIMESTAMP, Check.MISMATCH),
        ({"webhook-signature": "v1,ü"}, BODY, TIMESTAMP, Check.MISMATCH),
        ({"webhook-signature": ""}, BODY, TIMESTAMP, Check.HEADER_MISSING),
        ({"webhook-timestamp": "1614265330.5"}, BODY, TIMESTAMP, Check.TIMESTAMP_INVALID),
        ({"webhook-timestamp": "-1"}, BODY, TIMESTAMP, Check.TIMESTAMP_INVALID),
        ({}, BODY, TIMESTAMP + 300, Check.VALID),
        ({}, BODY, TIMESTAMP + 301, Check.TOO_OLD),
        ({}, BODY, TIMESTAMP - 300, Check.VALID),
        ({}, BODY, TIMESTAMP - 301, Check.TOO_NEW),
    ],
)
def test_what_was_changed_or_is_old_does_not_verify(
    changed: dict[str, str], body: bytes, now_s: int, found: Check
) -> None:
    headers = signed_headers([KEY], ID, TIMESTAMP, BODY) | changed
    assert verify([KEY], headers, body, now_s) is found


def test_without_a_key_nothing_is_signed_and_nothing_verifies() -> None:
    headers = signed_headers([], ID, TIMESTAMP, BODY)
    assert "webhook-signature" not in headers
    assert verify([], headers | {"webhook-signature": SIGNATURE}, BODY, TIMESTAMP) is Check.MISMATCH


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "begins with `whsec_`"),
        ("whsec_#hunter2#", "is not base64"),
        ("whsec_grüße", "is not base64"),
        ("whsec_" + base64.b64encode(b"k" * 23).decode(), "holds 23 bytes"),
        ("whsec_" + base64.b64encode(b"k" * 65).decode(), "holds 65 bytes"),
    ],
)
def test_a_malformed_secret_is_refused_without_being_repeated(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as error:
        parse_secret(text)
    assert text.removeprefix("whsec_") not in str(error.value)


def test_a_newline_after_a_secret_is_no_part_of_it() -> None:
    assert parse_secret(SECRET + "\n") == KEY
