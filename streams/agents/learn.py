"""learn: turn matured labels into model versions, and outcomes of measures into scores, one date after another.

A date is learned when every journal partition has closed it, in one fixed order, so the weights do not depend on
workers or partitions. Labels wait in memory; what is committed, rows and offset, is as of the last learned date, so a
restart reads again what came since, and dates learned before are skipped.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from streams.borrower.labels import months_begin_between
from streams.engine import rows as frame
from streams.engine.restore import Rows
from streams.engine.writes import Writes
from streams.events.control import MeasuresActivated, ModelActivated
from streams.events.outputs import DateClosed, LabelMatured, MeasureConcluded
from streams.learning.learner import Learner
from streams.learning.measures import MeasureLearner, trial_of
from streams.risk.heads import HEADS, Weights

_CLOSED_KEY, LEARNER_KEY, _MEASURES_KEY = b"closed", b"learner", b"measures"
_CLOSED_VERSION = _MEASURES_VERSION = 1
_decoder = msgspec.msgpack.Decoder(LabelMatured | MeasureConcluded | DateClosed)


def model_event(weights: Weights, day: dt.date, figures: Mapping[str, str]) -> bytes:
    """The event that activates a version, as it stands on `models`. A function of the labels alone, so replays agree."""
    event = ModelActivated(
        event_id=f"model-{weights.version}",
        schema_version=1,
        source="forewarn.learn",
        occurred_at=dt.datetime.combine(day, dt.time(), dt.UTC),
        business_date=day,
        idempotency_key=f"model-{weights.version}",
        version=weights.version,
        learned_through=day,
        heads={name: list(vector) for name, vector in zip(HEADS, weights.heads, strict=True)},
        provenance=dict(figures),
    )
    return msgspec.json.encode(event)


def measures_event(learner: MeasureLearner, day: dt.date) -> bytes:
    """The event that activates a table of scores of measures, as it stands on `models`; of the outcomes alone."""
    version = f"measures-{day}"
    event = MeasuresActivated(
        event_id=version,
        schema_version=1,
        source="forewarn.learn",
        occurred_at=dt.datetime.combine(day, dt.time(), dt.UTC),
        business_date=day,
        idempotency_key=version,
        version=version,
        learned_through=day,
        scores_ppm=learner.scores(version).scores_ppm,
        provenance=learner.figures(),
    )
    return msgspec.json.encode(event)


class _Progress(msgspec.Struct, array_like=True):
    """How far each journal partition has closed, how far all of them, and the last date that was learned (ordinal days)."""

    closed: dict[int, int] = {}
    partitions: int = 0
    through: int = 0
    learned: int = 0


_closed = msgspec.msgpack.Decoder(_Progress)


class LearningAgent:
    """The processor of the one partition of `labels`."""

    inputs = ("labels",)
    state_topic = "learn-state"

    def __init__(
        self, learner: Callable[[], Learner] = Learner, count: Callable[[str], None] = lambda name: None
    ) -> None:
        self._make_learner = learner
        self._count = count
        self._learner = learner()
        self._progress = _Progress()
        self._measures = MeasureLearner()
        self._waiting: list[tuple[int, LabelMatured | MeasureConcluded]] = []
        self._offset = -1
        self._learned = False
        self._safe = 0

    @property
    def waiting(self) -> int:
        """Labels that wait for their date to close everywhere."""
        return len(self._waiting)

    def state_partition(self, topic: str, partition: int) -> int:
        """The one partition."""
        return 0

    def opened(self, topic: str, partition: int, rows: Rows, next_offset: int) -> None:
        """Take over the learner as it was committed."""
        self.closed(topic, partition)
        self._safe = next_offset
        if (row := rows.get(_CLOSED_KEY)) is not None:
            frame.check_version(row, _CLOSED_VERSION, _CLOSED_KEY)
            self._progress = frame.decoded(_closed.decode, row, self.state_topic, 0, _CLOSED_KEY)
            self._progress.learned = self._progress.learned or self._progress.through  # a row from before there was one
        if (row := rows.get(LEARNER_KEY)) is not None:
            frame.check_version(row, Learner.VERSION, LEARNER_KEY)
            self._learner = frame.decoded(Learner.from_bytes, row, self.state_topic, 0, LEARNER_KEY)
        if (row := rows.get(_MEASURES_KEY)) is not None:
            frame.check_version(row, _MEASURES_VERSION, _MEASURES_KEY)
            self._measures = frame.decoded(MeasureLearner.from_bytes, row, self.state_topic, 0, _MEASURES_KEY)

    def closed(self, topic: str, partition: int) -> None:
        """Forget everything."""
        self._learner, self._progress = self._make_learner(), _Progress(closed={})
        self._measures = MeasureLearner()
        self._waiting, self._offset, self._learned = [], -1, False

    def fold(self, topic: str, partition: int, records: Sequence[Any], writes: Writes) -> int:
        """Collect labels; learn whenever a date is closed everywhere."""
        for record in records:
            self._offset = record.offset
            said: LabelMatured | MeasureConcluded | DateClosed = _decoder.decode(record.value)
            if isinstance(said, DateClosed):
                self._close(said, writes)
            else:
                self._wait(record.offset, said)
        return len(records)

    def _wait(self, offset: int, said: LabelMatured | MeasureConcluded) -> None:
        """Keep what is not learned yet. What is comes again after a restart, or too late.

        A date with labels is learned when it closes. Outcomes of measures wait for a date that is learned, so it is that
        date which says whether one of them counts, and not the last one that closed.
        """
        progress = self._progress
        done = progress.through if isinstance(said, LabelMatured) else progress.learned
        if said.matured_on.toordinal() > done:
            self._waiting.append((offset, said))

    def _close(self, closed: DateClosed, writes: Writes) -> None:
        progress, day = self._progress, closed.business_date.toordinal()
        progress.partitions = closed.partitions
        progress.closed[closed.partition] = max(day, progress.closed.get(closed.partition, 0))
        if len(progress.closed) < progress.partitions:
            return
        reached = min(progress.closed.values())
        if reached <= progress.through:
            return
        due = [said for _, said in self._waiting if said.matured_on.toordinal() <= reached]
        labels = [said for said in due if isinstance(said, LabelMatured)]
        if labels or (progress.through and months_begin_between(progress.through, reached)):
            self._learn_measures(reached, [said for said in due if isinstance(said, MeasureConcluded)], writes)
            self._learn(reached, labels, writes)
            progress.learned = reached
        progress.through = reached

    def _learn_measures(self, reached: int, due: list[MeasureConcluded], writes: Writes) -> None:
        """Before the model: its version is what says that everything learned on this date is out."""
        for told in due:
            self._measures.learn(trial_of(told))
        if due:
            writes.add("models", None, measures_event(self._measures, dt.date.fromordinal(reached)), partition=0)

    def _learn(self, reached: int, due: list[LabelMatured], writes: Writes) -> None:
        self._waiting = [(offset, said) for offset, said in self._waiting if said.matured_on.toordinal() > reached]
        day = dt.date.fromordinal(reached)
        weights, figures = self._learner.learn_day(day, due)
        writes.add("models", None, model_event(weights, day, figures), partition=0)
        self._learned = True
        self._count("model_published")

    def finish(self, writes: Writes) -> None:
        """Write progress and the learner if a date was learned; else there is nothing that reading again would not give."""
        if not self._learned:
            return
        body = msgspec.msgpack.encode(self._progress)
        writes.add("learn-state", _CLOSED_KEY, frame.pack(_CLOSED_VERSION, self._offset, 0, body), partition=0)
        row = frame.pack(Learner.VERSION, self._offset, 0, self._learner.to_bytes())
        writes.add("learn-state", LEARNER_KEY, row, partition=0)
        row = frame.pack(_MEASURES_VERSION, self._offset, 0, self._measures.to_bytes())
        writes.add("learn-state", _MEASURES_KEY, row, partition=0)
        self._safe = self._waiting[0][0] if self._waiting else self._offset + 1
        self._learned = False

    def committable(self, topic: str, partition: int, next_offset: int) -> int:
        """What came since the last learned date must be read again, and the labels that waited then."""
        return self._safe

    async def between_batches(self) -> None:
        """Nothing to wait for."""
