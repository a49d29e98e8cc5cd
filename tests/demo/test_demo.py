"""``driftline demo`` in a pipe: incidents are found, told, acted on and resolved, and Ctrl-C ends it."""

import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from service.demo import schedule
from service.demo.incidents import Incident

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

COMMAND = [sys.executable, "-u", "-c", "from service.cli import main; main()", "demo"]
ENDS_WITHIN_S = 2.0
OPEN = re.compile(r"Open (http://127\.0\.0\.1:\d+/)")


@dataclass
class Run:
    """A demo, and what it printed so far."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def wait_for(self, pattern: str, seconds: float) -> re.Match[str]:
        """What matches in the output, as soon as it does."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := re.search(pattern, self.text):
                return found
            if self.process.poll() is not None and not self._reader.is_alive():
                break
            time.sleep(0.05)
        raise AssertionError(f"no {pattern!r} within {seconds} s in:\n{self.text}")

    def end(self, number: signal.Signals) -> tuple[int, float]:
        """Exit status after a signal, and the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        status = self.process.wait(20)
        seconds = time.monotonic() - began
        self._reader.join(5)
        return status, seconds


@contextmanager
def demo(*options: str) -> Iterator[Run]:
    process = subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    run = Run(process)
    try:
        yield run
    finally:
        process.kill()
        process.wait(10)
        run._reader.join(5)
        assert process.stdout is not None
        process.stdout.close()


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as reply:
        assert reply.status == 200
        text: str = reply.read().decode()
        return text


@dataclass(frozen=True)
class Told:
    """A demo from beginning to end, and what page and metrics said while it played."""

    text: str
    pages: list[str]
    metrics: list[str]
    slowest_s: float
    status: int
    ended_s: float


@pytest.fixture(scope="module")
def told() -> Told:
    pages, metrics, slowest_s = [], [], 0.0
    with demo("--port", "0", "--seconds", "20", "--keep") as run:
        address = run.wait_for(OPEN.pattern, 60)[1]
        while "The page stays" not in run.text:
            assert run.process.poll() is None, run.text
            began = time.monotonic()
            pages.append(get(address))
            metrics.append(get(f"{address}metrics"))
            slowest_s = max(slowest_s, time.monotonic() - began)
            time.sleep(0.5)
        status, ended_s = run.end(signal.SIGINT)
    return Told(run.text, pages, metrics, slowest_s, status, ended_s)


@pytest.mark.parametrize("incident", schedule.INCIDENTS, ids=lambda incident: incident.name)
def test_each_incident_is_announced_found_in_its_place_and_resolved(told: Told, incident: Incident) -> None:
    assert f"STAGED    {incident.title}: {incident.announcement}" in told.text
    [row] = [line for line in told.text.splitlines() if line.strip().startswith(f"{incident.name} ")]
    _, found, feature, slice_name, after, resolved, *_ = (cell.strip() for cell in re.split("[│|]", row))
    assert (found, feature, slice_name) == ("yes", incident.feature, incident.slice)
    assert re.fullmatch(r"(\d+ d)? ?(\d+ h)?", after)
    assert resolved.endswith("after its end")


def test_every_webhook_has_a_good_signature(told: Told) -> None:
    found = re.search(r"Webhooks: (\d+) received with a good signature, (\d+) with a bad one", told.text)
    assert found is not None
    assert int(found[1]) >= 2 * len(schedule.INCIDENTS)
    assert int(found[2]) == 0
    assert re.search(r"webhook +drift\.alert\.resolved received, signature good", told.text)


def test_a_retraining_is_asked_for_and_reported(told: Told) -> None:
    assert "retraining of flight-delay requested: 1 firing alert" in told.text
    assert "webhook   model.retraining.requested received, signature good" in told.text
    assert "Retraining: 1 asked for, reported: started, finished." in told.text


def test_what_is_real_is_told_from_what_is_staged(told: Told) -> None:
    assert "REAL      winter is coming" in told.text
    assert "ALERT     SeasonShift (info, real)" in told.text
    assert "ALERT     WindShift (warning, staged: wind-unit)" in told.text


def test_the_factor_is_printed(told: Told) -> None:
    assert "one second is 79.2 hours, 285,120 times as fast as life" in told.text


def test_page_and_metrics_answer_while_it_plays(told: Told) -> None:
    assert len(told.pages) > 5
    assert told.slowest_s < 5
    assert any("WindShift" in page for page in told.pages)
    counted = [re.search(r'driftline_events_total\{kind="label"[^}]*\} (\S+)', page) for page in told.metrics]
    counts = [float(found[1]) for found in counted if found is not None]
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]
    assert any("driftline_alert_firing" in page for page in told.metrics)


def test_the_page_says_what_is_staged_now(told: Told) -> None:
    assert any("Staged now: " in page for page in told.pages)
    assert any("Nothing is staged now" in page for page in told.pages)


def test_no_colour_and_no_bar_goes_into_a_pipe(told: Told) -> None:
    assert "\x1b" not in told.text


def test_interrupted_it_ends_cleanly(told: Told) -> None:
    assert told.status == 0
    assert told.ended_s < ENDS_WITHIN_S
    assert told.text.rstrip().endswith("Ended.")
    assert "Traceback" not in told.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_prepares_ends_it_cleanly(number: signal.Signals) -> None:
    with demo("--port", "0") as run:
        run.wait_for("Training a model", 60)
        status, seconds = run.end(number)
    assert (status, "Traceback" in run.text) == (0, False)
    assert seconds < ENDS_WITHIN_S


def test_a_signal_while_it_plays_ends_it_cleanly() -> None:
    with demo("--port", "0", "--seconds", "300") as run:
        address = run.wait_for(OPEN.pattern, 60)[1]
        get(address)
        status, seconds = run.end(signal.SIGTERM)
    assert (status, "Traceback" in run.text) == (0, False)
    assert seconds < ENDS_WITHIN_S


def test_where_the_usual_port_is_taken_the_next_free_one_is_used_and_said() -> None:
    with ExitStack() as stack:
        with suppress(OSError):  # somebody has it already: just as good
            stack.enter_context(socket.create_server(("127.0.0.1", 8080)))
        with demo("--seconds", "300") as run:
            run.wait_for(OPEN.pattern, 60)
            run.end(signal.SIGTERM)
    assert "Port 8080 is taken by another program; trying 8081." in run.text


def test_a_port_that_was_asked_for_and_is_taken_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with demo("--port", str(port)) as run:
            assert run.process.wait(60) == 2
    assert f"web.port: {port} on 127.0.0.1 is taken" in run.text
