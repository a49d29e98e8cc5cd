"""Who may change something: bearer tokens in a file, each with the name of its principal."""

from __future__ import annotations

import hmac
from pathlib import Path

from service.errors import ConfigError


def read_tokens(path: Path) -> dict[str, str]:
    """Principals by token, from lines ``principal: token``; empty lines and ``#`` comments are skipped.

    Raises
    ------
    ConfigError
        When the file cannot be read or a line is not of this form; the message never holds a token.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(
            f"web.token_file: `{path}` cannot be read ({error.strerror}), so it lets nobody in;"
            " make the file readable, or leave the setting out",
            reason="unreadable",
        ) from error
    tokens: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        principal, colon, token = line.partition(":")
        if not (colon and principal.strip() and token.strip()):
            raise ConfigError(
                f"web.token_file: line {number} of `{path}` is not `principal: token`, so it lets nobody in; "
                "write a name, a colon and the token",
                reason="bad_line",
            )
        tokens[token.strip()] = principal.strip()
    return tokens


def principal_of(tokens: dict[str, str], header: str | None) -> str | None:
    """The principal that an ``Authorization`` header names; None when it names nobody.

    Every token is compared, each in constant time, so that the time taken tells nothing.

    >>> principal_of({"s3cret": "pipeline"}, "Bearer s3cret")
    'pipeline'
    """
    scheme, _, given = (header or "").partition(" ")
    if scheme.casefold() != "bearer":
        return None
    found = None
    for token, principal in tokens.items():
        if hmac.compare_digest(token.encode(), given.strip().encode()):
            found = principal
    return found
