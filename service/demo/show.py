"""The demo itself: the embedded service, a receiver of its webhooks, and flights played at a steady pace."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from detectors.profile import Profile
from service.alerts.notice import AlertNotice, AlertState, TriggerNotice
from service.config.settings import Settings
from service.demo import schedule
from service.demo.flights import DAY_MS, HOUR_MS
from service.demo.pipeline import TrainingPipeline
from service.demo.reference import as_records
from service.demo.scorecard import Scorecard
from service.demo.screen import Screen
from service.demo.stage import Secrets, staged
from service.demo.traffic import Traffic
from service.embedded.receiver import Received, SignedReceiver
from service.embedded.service import EmbeddedService
from service.errors import ConfigError
from service.pipeline import Effect
from service.windows.control import ProfilePublished

TOPIC = "flights"
PORTS_TRIED = 20
SETTLE_S = 5.0
"""How long the last deliveries may take before the account is given."""
STOP_S = 0.5
PACE_KEPT = 1.02
"""Longer than this times the planned duration is told."""


@dataclass(frozen=True, slots=True)
class Play:
    """What is played, and how.

    Attributes
    ----------
    port
        Where the page is; None: 8080 or the next that is free.
    seconds
        How long the play is to take.
    keep
        Go on serving the page when it is over.
    """

    settings: Settings
    traffic: Traffic
    profile: Profile
    made: Secrets
    port: int | None
    seconds: float
    keep: bool


class Show:
    """One run of the demo."""

    def __init__(self, play: Play, screen: Screen) -> None:
        self._play, self._screen = play, screen
        self._stopping = asyncio.Event()
        self._now_ms = schedule.PLAY_MS[0]
        lengths_ms = {spec.name: spec.length for spec in play.settings.models[0].windows}
        self.scorecard = Scorecard(schedule.INCIDENTS, lengths_ms)
        self.webhooks: Counter[str] = Counter()
        self.reports: list[str] = []
        self._pipeline: TrainingPipeline | None = None

    def stop(self) -> None:
        """End as soon as the event loop turns."""
        self._stopping.set()

    async def run(self) -> None:
        """Play, give an account, and serve on if asked to.

        Raises
        ------
        ConfigError
            When the port that was asked for is taken.
        """
        async with AsyncExitStack() as stack:
            receiver = await stack.enter_async_context(SignedReceiver([self._play.made.key], self._received))
            service = await self._start(receiver.url)
            stack.push_async_callback(service.stop, STOP_S)
            service.publish(ProfilePublished.of(self._play.profile, 0))
            self._pipeline = TrainingPipeline(service.address, self._play.made.token, self._reported)
            stack.push_async_callback(self._pipeline.stop)
            self._open(service.address)
            took_s = await self._stream(service)
            self._screen.end()
            if not self._stopping.is_set():
                await service.caught_up(TOPIC, schedule.PLAY_MS[1])
                await service.settled(SETTLE_S)
            self._account(receiver, took_s)
            if self._play.keep and not self._stopping.is_set():
                self._screen.say(f"The page stays at {service.address} until Ctrl-C.", "bold")
                await self._stopping.wait()
        self._screen.say("Ended.")

    async def _start(self, receiver_url: str) -> EmbeddedService:
        play = self._play
        first = play.settings.web.port if play.port is None else play.port
        for port in range(first, first + PORTS_TRIED):
            settings = staged(play.settings, play.made, receiver_url, port)
            service = EmbeddedService(settings, [TOPIC], on_effect=self._effect, banner=self._banner)
            try:
                await service.start()
            except ConfigError as error:
                if play.port is not None or error.reason != "port_taken" or port == first + PORTS_TRIED - 1:
                    raise
                self._screen.say(f"Port {port} is taken by another program; trying {port + 1}.", "yellow")
            else:
                return service
        raise AssertionError("the last port raises or returns")

    async def _stream(self, service: EmbeddedService) -> float:
        """Feed hour by hour, each at its time; the seconds it took."""
        start_ms, end_ms = schedule.PLAY_MS
        hour_s = self._play.seconds / ((end_ms - start_ms) / HOUR_MS)
        self._screen.begin((end_ms - start_ms) // HOUR_MS)
        began, offset = time.monotonic(), 0
        for hour, hour_ms in enumerate(range(start_ms, end_ms, HOUR_MS)):
            self._now_ms = hour_ms
            self._announce(hour_ms)
            records = as_records(self._play.traffic.between(hour_ms, hour_ms + HOUR_MS), offset)
            offset += len(records)
            if records:
                await service.feed(TOPIC, records)
            self._screen.advance(hour_ms, offset)
            await self._pause(began + (hour + 1) * hour_s - time.monotonic())
            if self._stopping.is_set():
                break
        return time.monotonic() - began

    async def _pause(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _open(self, address: str) -> None:
        start_ms, end_ms = schedule.PLAY_MS
        seconds = self._play.seconds
        days, factor = (end_ms - start_ms) // DAY_MS, (end_ms - start_ms) / 1000 / seconds
        say = self._screen.say
        say(f"\nOpen {address}  (status page)", "bold")
        say(f"     {address}metrics  {address}api/v1/alerts  {address}readyz\n")
        say(
            f"{days} days of real flights out of New York, from 14 October 2013 on, in {seconds:g} s: one "
            f"second is {span_hours(factor)} hours, {factor:,.0f} times as fast as life."
        )
        say(
            "A model says at departure whether a flight will land over 15 minutes late; the label follows at "
            "landing. Four incidents are STAGED; what is marked REAL happened. Times are event times, UTC.\n"
        )

    def _banner(self) -> str:
        """What the page says above everything: whether what it shows is staged."""
        for incident in schedule.INCIDENTS:
            if incident.start_ms <= self._now_ms < incident.end_ms:
                return f"Demo. Staged now: {incident.announcement}"
        for happening in reversed(schedule.HAPPENINGS):  # the newest: the season goes on behind all others
            if happening.start_ms <= self._now_ms < happening.end_ms:
                return f"Demo. Nothing is staged now. What really happened: {happening.title}."
        return "Demo: real flights of autumn 2013, played fast. Nothing is staged now."

    def _announce(self, hour_ms: int) -> None:
        for happening in schedule.HAPPENINGS:
            if happening.start_ms == hour_ms:
                self._screen.event(hour_ms, "REAL", happening.title)
        for incident in schedule.INCIDENTS:
            if incident.start_ms == hour_ms:
                text = f"{incident.title}: {incident.announcement}"
                self._screen.event(hour_ms, "STAGED", text, f"Look for: {incident.look_for}")
            if incident.end_ms == hour_ms:
                self._screen.event(hour_ms, "over", f"{incident.title}: as it was before.")

    def _effect(self, effect: Effect) -> None:
        if isinstance(effect, TriggerNotice):
            self._screen.event(effect.requested_ms, "RETRAIN", effect.summary)
        if not isinstance(effect, AlertNotice) or not (effect.transition and effect.fired):
            return
        incident = self.scorecard.take(effect)
        whose = f"staged: {incident.name}" if incident else "real"
        summary = effect.summary.removeprefix("resolved: ")
        text = f"{effect.alertname} ({effect.severity}, {whose}): {summary}"
        tag = "ALERT" if effect.state is AlertState.FIRING else "resolved"
        self._screen.event(effect.at_ms, tag, text)

    def _received(self, event: Received) -> None:
        self.webhooks[event.type] += 1
        self._screen.event(
            self._now_ms, "webhook", f"{event.type} received, signature good, {event.webhook_id}"
        )
        if event.type == "model.retraining.requested" and self._pipeline is not None:
            self._pipeline.asked(event)

    def _reported(self, event: str, taken: bool) -> None:
        self.reports.append(event)
        text = f"the training pipeline reports over the API that it {event}"
        self._screen.event(self._now_ms, "RETRAIN", text if taken else f"{text}, and is refused")

    def _account(self, receiver: SignedReceiver, took_s: float) -> None:
        say = self._screen.say
        self._screen.table(self.scorecard.lines)
        refused = sum(receiver.refused.values())
        say(
            f"\nWebhooks: {receiver.verified} received with a good signature, {refused} with a bad one. "
            f"Retraining: {self.webhooks['model.retraining.requested']} asked for, reported: "
            f"{', '.join(self.reports) or 'nothing'}. "
            f"Alerts about what really happened: {self.scorecard.others}."
        )
        if not self._stopping.is_set() and took_s > self._play.seconds * PACE_KEPT:
            factor = (schedule.PLAY_MS[1] - schedule.PLAY_MS[0]) / 1000 / took_s
            say(f"This machine needed {took_s:.0f} s: {factor:,.0f} times as fast as life.", "yellow")


def perform(play: Play, screen: Screen) -> None:
    """Run the demo until it is over or a signal ends it; either way cleanly."""

    async def run() -> None:
        show = Show(play, screen)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, show.stop)
        try:
            await show.run()
        finally:
            screen.end()

    asyncio.run(run())


def span_hours(factor: float) -> str:
    """How many hours of event time pass in a second, with one decimal.

    >>> span_hours(51_840)
    '14.4'
    """
    return f"{factor / 3600:.1f}"
