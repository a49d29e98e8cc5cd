"""A configuration file becomes ``Settings``, or every mistake in it at once."""

from __future__ import annotations

import json
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from service.config import sentences
from service.config.checks import cross_checks
from service.config.checks.parts import parts_of
from service.config.document import Document, read
from service.config.problems import ConfigErrors, Finding, Problem, write_path
from service.config.settings import Settings
from service.errors import ConfigError

FILE_BYTES_MAX = 10_000_000
"""Larger files are refused before they are parsed."""


def load(path: FilePath) -> Settings:
    """The configuration in a YAML file.

    Raises
    ------
    ConfigErrors
        With every mistake in the file.
    ConfigError
        When the file cannot be read at all.
    """
    return parse(read_text(path), str(path))


def parse(text: str, name: str) -> Settings:
    """The configuration that a YAML text says; ``name`` is what messages call the text.

    Raises
    ------
    ConfigErrors
        With every mistake in the text.
    """
    return validate(read(text), name)


def validate(document: Document, name: str) -> Settings:
    """The configuration that a document says.

    Raises
    ------
    ConfigErrors
        With every mistake in the document.
    """
    if document.data is None:
        empty = Finding((), "the file is empty", "there is no model to watch", "begin with `models:`")
        raise ConfigErrors(name, [place(finding, document) for finding in document.findings or [empty]])
    found = list(document.findings)
    settings: Settings | None = None
    try:
        settings = Settings.model_validate_json(_as_json(document.data), strict=True)
    except ValidationError as error:
        found += sentences.findings(error.errors(include_url=False), document)
    found += cross_checks(parts_of(document.data))
    if found:
        raise ConfigErrors(name, [place(finding, document) for finding in found])
    assert settings is not None, "pydantic refused what has no mistake"
    return settings


def place(finding: Finding, document: Document) -> Problem:
    """The finding with its line, its column and its value."""
    line, column = finding.place or document.place(finding.path, key=finding.at_key)
    value = document.value(finding.path)
    shown = ""
    if finding.path in document.values and finding.path:
        shown = (
            sentences.NOT_SHOWN if sentences.is_secret(finding.path) else sentences.shorten(_as_json(value))
        )
    return Problem(
        line, column, write_path(finding.path), shown, finding.message, finding.consequence, finding.mend
    )


def read_text(path: FilePath) -> str:
    """The text of a configuration file.

    Raises
    ------
    ConfigError
        When there is no such file, or it cannot be read as text.
    """
    try:
        size = path.stat().st_size
        if size > FILE_BYTES_MAX:
            raise ConfigError(
                f"{path}: {size:,} bytes are more than {FILE_BYTES_MAX:,}, hardly a configuration, so it was "
                "not read; name the right file",
                reason="config",
            )
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(
            f"{path}: cannot be read ({reason}), so nothing was started; check the path and its permissions",
            reason="config",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: byte {error.start} is no UTF-8, so nothing was started; save the file as UTF-8",
            reason="config",
        ) from error


def _as_json(data: Any) -> str:
    # not orjson: NaN and infinity must reach the validation, to be refused there
    return json.dumps(data, ensure_ascii=False)
