"""Standard Webhooks signatures: HMAC-SHA256 over ``id.timestamp.body``.

References
----------
The Standard Webhooks specification, sections "Webhook headers" and "Signature scheme":
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from enum import StrEnum

SECRET_PREFIX = "whsec_"  # noqa: S105  # not a secret but how each begins
SECRET_BYTES = range(24, 65)
"""How many bytes a secret may have, by the specification."""

TOLERANCE_S = 300
"""How many seconds a request's timestamp may be off the receiver's clock, by default."""


class Check(StrEnum):
    """What verifying found."""

    VALID = "valid"
    HEADER_MISSING = "header_missing"
    TIMESTAMP_INVALID = "timestamp_invalid"
    TOO_OLD = "too_old"
    TOO_NEW = "too_new"
    MISMATCH = "mismatch"


def parse_secret(text: str) -> bytes:
    """The key in a secret's text, ``whsec_`` and 24 to 64 bytes in base64; white space around it is ignored.

    Raises
    ------
    ValueError
        When the text is no such secret. The message does not repeat it.
    """
    stripped = text.strip()
    if not stripped.startswith(SECRET_PREFIX):
        raise ValueError(f"a secret begins with `{SECRET_PREFIX}`")
    try:
        key = base64.b64decode(stripped.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        raise ValueError(f"what follows `{SECRET_PREFIX}` is not base64") from None
    if len(key) not in SECRET_BYTES:
        raise ValueError(
            f"it holds {len(key)} bytes; {SECRET_BYTES.start} to {SECRET_BYTES.stop - 1} are allowed"
        )
    return key


def sign(keys: Sequence[bytes], webhook_id: str, timestamp_s: int, body: bytes) -> str:
    """The ``webhook-signature`` header: one ``v1,`` signature a key, separated by spaces.

    >>> sign([b"k" * 24], "msg_1", 1_700_000_000, b"{}")
    'v1,E3sCg9uS8x43RKlJqcda1EcaYZxNkN+l2u7RBZBSZQQ='
    """
    return " ".join(f"v1,{_signature(key, webhook_id, str(timestamp_s), body)}" for key in keys)


def signed_headers(keys: Sequence[bytes], webhook_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The headers of a request; without a key there is no signature."""
    headers = {"webhook-id": webhook_id, "webhook-timestamp": str(timestamp_s)}
    if keys:
        headers["webhook-signature"] = sign(keys, webhook_id, timestamp_s, body)
    return headers


def verify(
    keys: Sequence[bytes],
    headers: Mapping[str, str],
    body: bytes,
    now_s: int,
    tolerance_s: int = TOLERANCE_S,
) -> Check:
    """Whether a request was signed with one of the keys, a short while ago.

    Parameters
    ----------
    headers
        By name in lower case.
    body
        The bytes as they came; parsed and written again they would not verify.
    now_s
        The receiver's clock, epoch seconds.
    """
    webhook_id, timestamp = headers.get("webhook-id"), headers.get("webhook-timestamp")
    signatures = headers.get("webhook-signature")
    if not webhook_id or not timestamp or not signatures:
        return Check.HEADER_MISSING
    if not (timestamp.isascii() and timestamp.isdigit()):
        return Check.TIMESTAMP_INVALID
    if int(timestamp) < now_s - tolerance_s:
        return Check.TOO_OLD
    if int(timestamp) > now_s + tolerance_s:
        return Check.TOO_NEW
    expected = [f"v1,{_signature(key, webhook_id, timestamp, body)}".encode() for key in keys]
    given = [signature.encode() for signature in signatures.split()]
    matches = [hmac.compare_digest(one, other) for one in expected for other in given]
    return Check.VALID if any(matches) else Check.MISMATCH


def _signature(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> str:
    digest = hmac.new(key, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
