"""The pipeline with one rule broken at a time."""

from __future__ import annotations

import msgspec

from service.windows.clock import NEVER_MS
from service.windows.closing import ModelWindows
from service.windows.resume import Resume
from service.windows.source import Source
from service.windows.statement import Statement
from tests.pipeline.simulation import Rules
from tests.pipeline.worker import Steps, Worker


class CommitsTheOldestPane(Worker):
    """The commit is the first offset of the oldest unfinished pane, not the lowest of any."""

    def resume(self, source: Source) -> Resume:
        resume, unfinished = source.resume(), source._open | source._stated
        if not unfinished:
            return resume
        oldest = unfinished[min(unfinished, key=lambda key: key[2])]
        offset = oldest.pane.first_offset
        return msgspec.structs.replace(
            resume, offset=offset, newest_ms=oldest.newest_ms, jumps=source._clock.since(offset)
        )


class ForgetsWhatWasFinished(Worker):
    """The commit does not say which panes are finished."""

    def resume(self, source: Source) -> Resume:
        return msgspec.structs.replace(source.resume(), finished_ms={})


class ForgetsTheClock(Worker):
    """The commit does not say where the clock stood."""

    def resume(self, source: Source) -> Resume:
        return msgspec.structs.replace(source.resume(), newest_ms=NEVER_MS, jumps=[])


class FreesBeforeAcknowledgement(Worker):
    """Panes are freed and committed while their statements are on their way."""

    def flush(self) -> Steps:
        self.note_ends()
        yield from self.commit()
        yield from self.state()
        self.free()
        yield from self.commit()
        yield from self.acknowledged()
        yield from self.tell()
        yield from self.acknowledged()


class TellsBeforeAcknowledgement(Worker):
    """The watermark is sent while the statements that it covers are on their way."""

    def flush(self) -> Steps:
        self.note_ends()
        yield from self.commit()
        yield from self.state()
        yield from self.tell()
        yield from self.acknowledged()
        self.free()
        yield from self.commit()


class CommitsLast(Worker):
    """Panes are stated and the watermark is sent before a commit knows the end of the log."""

    def flush(self) -> Steps:
        self.note_ends()
        yield from self.state()
        yield from self.acknowledged()
        self.free()
        yield from self.tell()
        yield from self.acknowledged()
        yield from self.commit()


class GoesOnAfterRefusal(Worker):
    """A refused commit is shrugged off: the source is counted on, and told of."""

    def commit(self) -> Steps:
        for name, source in self.ingest.sources.items():
            if self.generation == self.world.generation:
                self.world.commits[name] = self.resume(source).metadata()
            yield


class LastWrittenWins(ModelWindows):
    """A statement of a lower position replaces one of a higher."""

    def state(self, statement: Statement) -> None:
        key = (statement.version, statement.pane_ms)
        known = self._state.heard.get(key, {}).get(statement.source)
        if known is not None and statement.hi < known.hi:
            del self._state.heard[key][statement.source]
        super().state(statement)


class TornStatementsReplace(ModelWindows):
    """The first part of a newer statement replaces all of the older one."""

    def state(self, statement: Statement) -> None:
        key = (statement.version, statement.pane_ms)
        known = self._state.heard.get(key, {}).get(statement.source)
        if known is not None and statement.hi > known.hi:
            del self._state.heard[key][statement.source]
        super().state(statement)


# Broken rules that chance meets soon; the others are played step by step.
BROKEN = {
    "the commit is the first offset of the oldest pane": Rules(CommitsTheOldestPane),
    "the commit forgets what was finished": Rules(ForgetsWhatWasFinished),
    "the commit forgets the clock": Rules(ForgetsTheClock),
    "panes are freed before the acknowledgement": Rules(FreesBeforeAcknowledgement),
    "the watermark is told before the acknowledgement": Rules(TellsBeforeAcknowledgement),
}
