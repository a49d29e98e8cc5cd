"""The architecture in one table: who may import whom, and which libraries.

Layers stand in the order in which data flows; a module imports from its own and from earlier layers. A name
stands for the module or package and all below it; a name that ends in `*` for all that begin so.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """One row of the table.

    Parameters
    ----------
    packages
        Modules and packages of the layer. They do not import each other unless `together` is set.
    libraries
        Third-party libraries that any of its modules may import; those of :data:`DOORS` are not listed here.
    pure
        No clock, randomness, operating system, I/O or logging: the same input gives the same output.
    """

    packages: tuple[str, ...]
    libraries: tuple[str, ...] = ()
    pure: bool = False
    together: bool = False


# The package's front, which every layer may read.
FRONT = ("service", "service.__version__")

LAYERS = (
    Layer(("detectors",), ("numpy", "scipy", "river", "msgspec", "orjson"), pure=True),
    Layer(("service.errors", "service.logs"), ("orjson",)),
    Layer(("service.config",), ("msgspec", "orjson", "jinja2")),
    Layer(("service.events",), ("numpy", "msgspec", "orjson"), pure=True),
    Layer(("service.windows",), ("numpy", "scipy", "river", "msgspec", "orjson"), pure=True),
    Layer(("service.profiles",), ("numpy", "msgspec", "orjson"), pure=True),
    Layer(("service.evaluation",), ("numpy", "scipy", "river", "msgspec", "orjson"), pure=True),
    Layer(("service.alerts",), ("msgspec", "orjson", "jinja2"), pure=True),
    Layer(("service.pipeline",), ("numpy", "msgspec", "orjson"), pure=True),
    Layer(("service.web",), ("numpy", "msgspec", "orjson", "jinja2")),
    Layer(("service.kafka", "service.embedded"), ("numpy", "msgspec", "orjson")),
    Layer(("service.app",), ("msgspec", "orjson")),
    Layer(
        ("service.cli*", "service.commands", "service.terminal*", "service.demo", "service.__main__"),
        ("numpy", "msgspec", "orjson", "river"),
        together=True,
    ),
)

# Modules of a pure layer that are its door to the world: sending alerts, reading files of reference data.
IMPURE = (
    "service.alerts.http",
    "service.alerts.secret_files",
    "service.alerts.send",
    "service.profiles.lines",
    "service.profiles.reading",
)

# Libraries that reach outside, or whose spread would tie everything to them, come in by these doors alone.
_COMMANDS = ("service.cli*", "service.commands", "service.terminal*", "service.demo")
DOORS = {
    "aiohttp": ("service.web", "service.embedded", "service.app", "service.kafka.faust_app", "service.demo"),
    "aiokafka": ("service.kafka",),
    "click": _COMMANDS,
    "cramjam": ("service.windows.codec",),
    "faust": ("service.kafka", "service.app"),
    "httpx": ("service.alerts.http", "service.alerts.send"),
    "mode": ("service.kafka", "service.app"),
    "opentelemetry": ("service.kafka.otlp",),
    "prometheus_client": ("service.web",),
    "pyarrow": ("service.profiles", "service.embedded", "service.commands", "service.demo"),
    "pydantic": ("service.config",),
    "pydantic_core": ("service.config",),
    "rich": _COMMANDS,
    "rocksdict": ("service.kafka",),
    "ruamel": ("service.config",),
}

# What a pure layer may use of the standard library: what is allowed, since the opposite list has no end.
_PURE_STANDARD_LIBRARY = """
    __future__ abc array base64 binascii bisect collections contextlib copy dataclasses datetime decimal
    difflib email.utils.parsedate_to_datetime enum fnmatch fractions functools graphlib hashlib heapq hmac
    html ipaddress itertools json math numbers operator re statistics string struct textwrap types typing
    unicodedata urllib.parse uuid weakref.WeakKeyDictionary zlib
"""
PURE_STANDARD_LIBRARY = frozenset(_PURE_STANDARD_LIBRARY.split())

# Parts of allowed modules, and builtins, that read a clock, draw at random, or reach outside after all.
IMPURE_NAMES = {
    "datetime.date.today": "reads the clock",
    "datetime.datetime.now": "reads the clock",
    "datetime.datetime.today": "reads the clock",
    "datetime.datetime.utcnow": "reads the clock",
    "hash": "differs between processes (PYTHONHASHSEED)",
    "id": "differs between processes",
    "input": "is I/O",
    "numpy.fromfile": "is I/O",
    "numpy.load": "is I/O",
    "numpy.loadtxt": "is I/O",
    "numpy.memmap": "is I/O",
    "numpy.random": "draws at random",
    "numpy.save": "is I/O",
    "numpy.savez": "is I/O",
    "open": "is I/O",
    "print": "is I/O",
    "uuid.uuid1": "reads the clock",
    "uuid.uuid4": "draws at random",
}

FILE_LINES_MAX = 299
FUNCTION_LINES_MAX = 39
# What happens to a running service, told in the order in which it happens, is one story.
SCENARIO_LINES_MAX = 60
SCENARIOS = ("tests.e2e", "tests.demo", "tests.dashboards", "tests.deploy", "tests.pipeline", "tests.chaos")
