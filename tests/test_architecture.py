"""The source keeps to the table of layers, and the checker sees what breaks it."""

from pathlib import Path

import pytest

from tests.architecture.checker import import_cycle, layer_of, size_violations, violations
from tests.architecture.rules import DOORS, LAYERS
from tests.architecture.source import Source

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = [
    Source.read(path, ROOT) for top in ("detectors", "service") for path in sorted((ROOT / top).rglob("*.py"))
]
EVERYTHING = PRODUCT + [
    Source.read(path, ROOT)
    for top in ("bench", "dashboards", "docs", "examples", "tests")
    for path in sorted((ROOT / top).rglob("*.py"))
]


@pytest.mark.parametrize("source", PRODUCT, ids=lambda source: source.module)
def test_each_module_keeps_to_its_layer(source: Source) -> None:
    assert violations(source) == []


@pytest.mark.parametrize("source", EVERYTHING, ids=lambda source: source.module)
def test_files_and_functions_stay_small(source: Source) -> None:
    assert size_violations(source) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert import_cycle(PRODUCT) == []


def test_the_modules_of_the_product_are_found() -> None:
    assert {"detectors", "service"} <= {source.module for source in PRODUCT}


def test_a_library_is_either_of_a_layer_or_behind_a_door() -> None:
    assert [library for layer in LAYERS for library in layer.libraries if library in DOORS] == []


@pytest.mark.parametrize(
    ("module", "text", "complaint"),
    [
        # import order
        ("detectors.psi", "import service.errors", "comes later"),
        ("service.events.native", "from service.windows import panes", "comes later"),
        ("service.events.native", "from service import windows", "comes later"),
        ("service.windows.panes", "from ..alerts.rules import Rule", "comes later"),
        ("service.web.api", "def f():\n    from service.kafka import producer", "comes later"),
        ("service.web.api", "import importlib\nimportlib.import_module('service.app')", "comes later"),
        ("service.kafka.ingest", "import service.embedded.run", "a neighbour of its layer"),
        # modules nobody placed
        ("service.helpers", "", "no row of LAYERS names this module"),
        ("service.kafka.ingest", "from service.helpers import thing", "which no row of LAYERS names"),
        ("service", "from service.app import main", "the front imports nothing of the product"),
        # libraries
        ("service.events.native", "import scipy.stats", "imports scipy; libraries of this layer"),
        ("service.kafka.ingest", "import pandas", "imports pandas; libraries of this layer"),
        ("service.kafka.ingest", "import tests.parts", "imports tests; libraries of this layer"),
        ("service.alerts.render", "import httpx", "whose only doors are service.alerts.http"),
        ("service.web.api", "from aiokafka import AIOKafkaConsumer", "whose only doors are service.kafka"),
        ("service.web.api", "import faust", "whose only doors are service.kafka, service.app"),
        ("service.kafka.metrics", "from prometheus_client import Gauge", "whose only doors are service.web"),
        ("service.app", "import click", "whose only doors are service.cli*"),
        # purity
        ("detectors.psi", "import time", "may not import time"),
        ("detectors.psi", "import logging", "may not import logging"),
        ("service.events.native", "from pathlib import Path", "may not import pathlib.Path"),
        ("service.windows.panes", "import asyncio", "may not import asyncio"),
        ("service.windows.panes", "from urllib.request import urlopen", "may not import urllib.request"),
        ("detectors.ks", "import numpy as np\nrng = np.random.default_rng()", "numpy.random draws at random"),
        ("detectors.ks", "from numpy import random", "numpy.random draws at random"),
        ("detectors.ks", "from numpy.random import default_rng", "numpy.random draws at random"),
        ("service.evaluation.run", "from datetime import datetime\nx = datetime.now()", "reads the clock"),
        ("service.evaluation.run", "import datetime as d\nx = d.datetime.now", "reads the clock"),
        ("service.pipeline", "import uuid\nx = uuid.uuid4()", "uuid.uuid4 draws at random"),
        ("service.pipeline", "x = open('state')", "open is I/O"),
        ("service.alerts.rules", "def f(x):\n    print(x)", "print is I/O"),
        ("service.alerts.rules", "def f(x):\n    return hash(x)", "differs between processes"),
    ],
)
def test_a_violation_is_seen(module: str, text: str, complaint: str) -> None:
    [found] = violations(Source(module, text))

    assert complaint in found


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("service.events.native", "from datetime import datetime\nx = datetime.fromisoformat('2026-01-01')"),
        ("service.alerts.send", "import asyncio\nimport random\nimport time\nimport httpx\nx = time.time()"),
        (
            "service.evaluation.run",
            "import numpy as np\nfrom detectors.psi import psi\nimport service.windows",
        ),
        ("service.events.native", "class Key:\n    def __hash__(self):\n        return hash(self.x)"),
        ("service.windows.panes", "class Panes:\n    def open(self):\n        self.open()"),
        ("service.kafka.clock", "import time\nimport logging\nnow = time.time()"),
        ("service.cli_replay", "from service import __version__"),
        ("service", "from importlib.metadata import version\n__version__ = version('driftline')"),
        ("service.cli_replay", "import click\nfrom service.demo import run"),
    ],
)
def test_what_the_table_allows_passes(module: str, text: str) -> None:
    assert violations(Source(module, text)) == []


def test_a_relative_import_of_a_package_front_is_resolved_from_the_package() -> None:
    front = Source("service.kafka", "from .ingest import run\nfrom ..embedded import feed", is_package=True)

    assert [use.name for use in front.imports()] == ["service.kafka.ingest.run", "service.embedded.feed"]


def test_a_circle_of_imports_is_seen() -> None:
    circle = [
        Source("service.web.a", "from service.web.b import x"),
        Source("service.web.b", "from service.web import c"),
        Source("service.web.c", "import service.web.a"),
        Source("service.web", "from service.web.a import y", is_package=True),
    ]

    assert set(import_cycle(circle)) == {"service.web.a", "service.web.b", "service.web.c"}
    assert import_cycle(circle[1:2]) == []


def test_a_name_that_only_begins_like_a_package_is_not_in_it() -> None:
    assert layer_of("service.eventsource") is None
    assert layer_of("service.events") is layer_of("service.events.native")


def test_a_docstring_does_not_make_a_function_long_but_its_body_does() -> None:
    docstring = '    """' + "Why.\n" * 50 + '    """\n'

    line = "    x = 1\n"

    assert size_violations(Source("m", f"def f():\n{docstring}{line * 38}")) == []
    [found] = size_violations(Source("m", f"def f():\n{docstring}{line * 39}"))
    assert found == "m:1: f has 40 lines; 39 at most"


def test_a_long_file_is_seen() -> None:
    assert size_violations(Source("m", "x = 1\n" * 299)) == []
    assert size_violations(Source("m", "x = 1\n" * 300)) == ["m: 300 lines; 299 at most"]
