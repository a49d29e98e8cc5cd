"""Writes the dashboards' JSON: ``python -m dashboards.build``, and again whenever the code beside it changes.

The Helm chart ships copies, since a chart may read only files below its own folder.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.feature import feature
from dashboards.internals import internals
from dashboards.models import models

FOLDER = Path(__file__).resolve().parent
CHART_FILES = FOLDER.parent / "helm" / "driftline" / "files"
RULES = FOLDER / "rules" / "driftline.rules.yaml"


def dashboards() -> dict[str, dict[str, Any]]:
    """Each dashboard as Grafana reads it, by the name of its file."""
    boards = {"models": models(), "feature": feature(), "service": internals()}
    return {
        f"driftline-{name}.json": json.loads(json.dumps(board.build(), cls=JSONEncoder))
        for name, board in boards.items()
    }


def text(document: dict[str, Any]) -> str:
    """A dashboard as it is committed."""
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    CHART_FILES.mkdir(parents=True, exist_ok=True)
    for name, document in dashboards().items():
        (FOLDER / name).write_text(text(document), encoding="utf-8")
        shutil.copy(FOLDER / name, CHART_FILES / name)
        print(f"{name}: {len(document['panels'])} panels and rows")
    shutil.copy(RULES, CHART_FILES / RULES.name)


if __name__ == "__main__":
    main()
