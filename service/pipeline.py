"""The pure path on one screen: records in, effects out; the shells perform the effects.

``Ingest`` counts what its sources bring and states finished panes (stage 1). ``Evaluation`` merges
statements, closes windows, judges them and moves alerts (stage 2). Neither knows where its input comes from
or where its output goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from service.alerts.notice import Notice
from service.alerts.state import AlertBook
from service.config.against import in_words
from service.config.settings import Settings
from service.evaluation.decider import Decider
from service.evaluation.result import Evaluated
from service.events.batch import Batch, Record, Reject
from service.events.native import NativeDecoder
from service.profiles.learning import Learner
from service.windows.asked import Asked
from service.windows.closing import ModelWindows
from service.windows.control import Control, ProfilePublished, RetrainingReported
from service.windows.plan import Plan
from service.windows.progress import Progresses
from service.windows.resume import Resume
from service.windows.sample import packed
from service.windows.source import Bounds, Source
from service.windows.statement import Gap, Partial, Progress, Sample, Statement, state_pane


@dataclass(slots=True)
class Taken:
    """What a run of records gave besides counts."""

    events: dict[tuple[str, bool], int] = field(default_factory=dict)
    """Events decoded, by model and whether they are labels."""
    rejects: list[Reject] = field(default_factory=list)
    tombstones: int = 0
    duplicate_keys: int = 0
    samples: list[Sample] = field(default_factory=list)


class Ingest:
    """Stage 1 over the sources assigned to this process."""

    def __init__(self, settings: Settings, control: Control) -> None:
        self.plans = {model.name: Plan(model, control) for model in settings.models}
        self.sources: dict[str, Source] = {}
        self._decoder = NativeDecoder(settings.models, settings.limits.event_bytes)
        self._bounds = Bounds(settings.timing.future, settings.limits.slices, settings.limits.versions)
        self._sampled: dict[tuple[str, str, str], int] = {}

    def assign(self, name: str, resume: Resume | None) -> Source:
        """Begin a source, where its commit says or from nothing."""
        self.sources[name] = Source(name, self.plans, self._bounds, resume)
        return self.sources[name]

    def revoke(self, name: str) -> None:
        """Let a source go; whoever gets it begins where its commit says."""
        self.sources.pop(name, None)

    def take(self, name: str, records: Sequence[Record]) -> Taken:
        """Count consecutive records of one source."""
        if not records:
            return Taken()
        decoded = self._decoder.decode(records)
        taken = Taken(
            rejects=decoded.rejects, tombstones=decoded.tombstones, duplicate_keys=decoded.duplicate_keys
        )
        for batch in decoded.batches:
            kind = (batch.model, batch.is_label)
            taken.events[kind] = taken.events.get(kind, 0) + len(batch)
            taken.samples += self._sample(name, batch)
        self.sources[name].add(decoded.batches, records[-1].offset + 1)
        return taken

    def finished(self, name: str) -> Iterator[Statement]:
        """Statements of the source's panes that ended since the last call."""
        source = self.sources[name]
        for (model, version, pane_ms), pane in source.finish():
            yield from state_pane(name, model, version, pane_ms, source.position, pane, source.lost)

    def gap(self, name: str, lo: int, hi: int) -> Gap:
        """Go on at ``hi`` with a source whose records ``[lo, hi)`` are gone.

        In a topic that was made anew, ``hi`` lies below ``lo``. The source keeps what it has counted. What
        this returns must be acknowledged by every partition of the partials before anything beyond it is
        committed or told.
        """
        source = self.sources[name]
        topic, _, partition = name.rpartition("/")
        gap = Gap(
            topic=topic, partition=int(partition), lo=lo, hi=hi,
            newest_ms=source.newest_ms, caught_up_ms=source.caught_up_ms,
        )  # fmt: skip
        source.skip(hi)
        return gap

    def _sample(self, name: str, batch: Batch) -> Iterator[Sample]:
        plan = self.plans[batch.model]
        spec = plan.model.reference.learn
        if batch.is_label or spec is None:
            return
        for version in batch.versions.present():
            key = (name, batch.model, version)
            if not plan.learns(version) or self._sampled.get(key, 0) >= spec.events:
                continue
            for piece, data in packed(batch.only(version)):
                self._sampled[key] = self._sampled.get(key, 0) + len(piece)
                lo, hi = int(piece.offsets[0]), int(piece.offsets[-1]) + 1
                yield Sample(source=name, model=batch.model, version=version, lo=lo, hi=hi, columns=data)


class Evaluation:
    """Stage 2 of the models whose partials come here, all out of one partition of that log.

    Parameters
    ----------
    silent
        Models whose partials would come here: their expected versions are evaluated even if none ever comes.
    """

    def __init__(
        self, settings: Settings, control: Control, config_digest: str, silent: Iterable[str] = ()
    ) -> None:
        # An end of the log is known for a grace before it was looked for, in whole panes; clocks are early.
        longest_pane_ms = max(model.pane_ms for model in settings.models)
        ahead_ms = settings.timing.future + settings.timing.grace + longest_pane_ms
        self.progress = Progresses((source.topic for source in settings.sources), ahead_ms)
        self.models: dict[str, ModelState] = {}
        self._plans = {model.name: Plan(model, control) for model in settings.models}
        self._silent = sorted(set(silent) & self._plans.keys())
        self._settings = settings
        self._digest = config_digest

    def apply(self, partial: Partial, position: int = 0) -> Iterator[Effect]:
        """Take in one record of the partials log; ``position`` is its offset there.

        What follows from it is worked out while it is asked for, one window at a time, since after an outage
        a record can close hundreds. Ask for all of it before the next record.
        """
        if isinstance(partial, Progress):
            self.progress.observe(partial)
            return self._close_all(position)
        if isinstance(partial, Gap):
            self.progress.lose(partial)
            return iter(())
        if partial.model in self._plans:
            model = self._model(partial.model)
            if isinstance(partial, Statement):
                model.windows.state(partial)
            else:
                model.learner.add(partial)
        return iter(())

    def report(self, record: RetrainingReported) -> None:
        """Take in that a retraining started or finished, if the model's partials come here."""
        if record.model in self._silent:
            self._model(record.model).alerts.retraining_reported(record.model, record.event, record.at_ms)

    def dump(self) -> bytes:
        """All state as bytes, for a snapshot."""
        models = {
            name: (model.windows.dump(), model.learner.dump(), model.alerts.dump(), model.decider.dump())
            for name, model in self.models.items()
        }
        return msgspec.msgpack.encode((self._digest, self.progress.dump(), models))

    def load(self, data: bytes) -> None:
        """Take up the state that ``dump`` gave."""
        _, progress, models = msgspec.msgpack.decode(data, type=_Dump)
        self.progress.load(progress)
        for name, (windows, learner, alerts, decider) in models.items():
            if name in self._plans:
                model = self._model(name)
                model.windows.load(windows)
                model.learner.load(learner)
                model.alerts.load(alerts)
                model.decider.load(decider)

    def _model(self, name: str) -> ModelState:
        if name not in self.models:
            plan = self._plans[name]
            windows = ModelWindows(plan, Asked.of(name, self._settings.monitors))
            retraining = self._settings.receivers.retraining
            against = in_words(plan.model.past)
            book = AlertBook(self._settings.monitors, retraining, self._digest, against=against)
            decider = Decider(plan.model, self._settings.monitors)
            self.models[name] = ModelState(plan, windows, Learner(plan.model), book, decider)
        return self.models[name]

    def _close_all(self, position: int) -> Iterator[Effect]:
        for name in self._silent:
            self._model(name)
        for _, model in sorted(self.models.items()):
            yield from self._close(model, position)
        self.progress.forget([plan.model for plan in self._plans.values()])

    def _close(self, model: ModelState, position: int) -> Iterator[Effect]:
        watermark_ms = self.progress.watermark_ms(model.plan.model.lateness)
        for profile in model.learner.ready(watermark_ms):
            pane_ms = model.plan.model.pane_ms
            told_ms = -(-(self.progress.newest_ms + 1) // pane_ms) * pane_ms
            # A source may have stated panes, and not yet told how far it has got.
            boundary_ms = max(told_ms, model.windows.stated_ms)
            yield ProfilePublished.of(profile, boundary_ms, learned=True)
        gaps = self.progress.missing(model.plan.model.lateness)
        for window in model.windows.close(watermark_ms, gaps):
            evaluated = model.decider.judge(window)
            yield evaluated
            yield from model.alerts.step(evaluated, position)
            if window.last:
                yield from model.alerts.retire(window, position)


@dataclass(frozen=True, slots=True)
class ModelState:
    """What stage 2 keeps of one model."""

    plan: Plan
    windows: ModelWindows
    learner: Learner
    alerts: AlertBook
    decider: Decider


Effect = Evaluated | Notice | ProfilePublished
"""What follows from a partial, in order: what closed windows say, alerts, a reference learned."""

_Dump = tuple[str, bytes, dict[str, tuple[bytes, bytes, bytes, bytes]]]
