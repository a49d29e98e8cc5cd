"""The JSON Schema of the configuration, for editors: ``python -m service.config.schema`` prints it."""

from __future__ import annotations

import json
import sys
from typing import Any

from service.config.settings import Settings
from service.config.units import format_duration

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def config_schema() -> dict[str, Any]:
    """The schema of the configuration file; durations are texts in it, defaults included."""
    schema = Settings.model_json_schema(mode="validation")
    for section in (schema, *schema["$defs"].values()):
        for field in section.get("properties", {}).values():
            _finish(field)
    return {"$schema": DIALECT, **schema, "title": "Driftline configuration"}


def schema_text() -> str:
    """The schema as the committed file has it."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"


def _finish(field: dict[str, Any]) -> None:
    """Drop titles that repeat the name, and write durations as a file would."""
    field.pop("title", None)
    is_duration = str(field.get("pattern", "")).endswith("(ms|s|m|h|d))+$")
    if is_duration and isinstance(field.get("default"), int):
        field["default"] = format_duration(field["default"])


if __name__ == "__main__":
    sys.stdout.write(schema_text())
