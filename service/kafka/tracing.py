"""Which tracer the configuration asks for."""

from __future__ import annotations

from collections.abc import Callable

from service.config.settings import Settings
from service.errors import ConfigError
from service.kafka.spans import UNTRACED, Tracer


def make_tracer(settings: Settings, lost: Callable[[str, int], None]) -> Tracer:
    """The tracer that the configuration asks for.

    Parameters
    ----------
    lost
        Told why so many spans did not reach the collector, from any thread.

    Raises
    ------
    ConfigError
        When traces are asked for, and what sends them is not installed.
    """
    endpoint = settings.telemetry.traces_endpoint
    if endpoint is None:
        return UNTRACED
    try:
        from service.kafka.otlp import OtlpTracer  # noqa: PLC0415  # nobody who does not trace loads it
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"telemetry.traces_endpoint: traces are to be sent to {endpoint!r}, but {error.name!r} is not "
            "installed; nobody would see them, so nothing was started; install the extra with "
            "`pip install 'driftline[traces]'`, or remove `traces_endpoint`",
            reason="traces_not_installed",
        ) from error
    return OtlpTracer(endpoint, settings.telemetry.sample_ratio, settings.kafka, lost)
