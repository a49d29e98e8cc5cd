"""The Helm chart, rendered by Helm's own library, as objects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python as helm
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "driftline"
VALUE_SETS = sorted((CHART / "ci").glob("*-values.yaml"))

Manifest = dict[str, Any]


def read_yaml(text: str | Path) -> Any:
    """The one document in a YAML text or file."""
    return YAML(typ="safe").load(text)


def values(name: str) -> Manifest:
    """A set of values out of the chart's `ci` folder."""
    found: Manifest = read_yaml(CHART / "ci" / f"{name}-values.yaml")
    return found


def render(chosen: Manifest) -> list[Manifest]:
    """Every object that an installation would create, and the notes as `{"kind": "Notes", "text": ...}`."""
    with helm.Chart.load(CHART) as chart:
        texts = chart.render(chosen, name="risk", namespace="ml")
    return list(_objects(texts))


def one(objects: list[Manifest], kind: str, ending: str = "") -> Manifest:
    """The one object of a kind whose name ends so."""
    found = [item for item in objects if item["kind"] == kind and _name(item).endswith(ending)]
    assert len(found) == 1, f"{len(found)} of kind {kind}: {[_name(item) for item in found]}"
    return found[0]


def pod(objects: list[Manifest]) -> Manifest:
    """The specification of the workers' pods."""
    spec: Manifest = one(objects, "StatefulSet")["spec"]["template"]["spec"]
    return spec


def config_text(objects: list[Manifest]) -> str:
    """The configuration file that a worker reads."""
    text: str = next(
        item["data"]["driftline.yaml"] for item in objects if "driftline.yaml" in item.get("data", {})
    )
    return text


def _objects(texts: dict[str, str]) -> Iterator[Manifest]:
    for path, text in texts.items():
        if path.endswith("NOTES.txt"):
            yield {"kind": "Notes", "text": text}
            continue
        for document in YAML(typ="safe").load_all(text):
            if document:
                yield document


def _name(item: Manifest) -> str:
    return str(item.get("metadata", {}).get("name", ""))
