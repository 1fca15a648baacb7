"""Labels learned again: the versions on `models` and the learner's own row must be what one pass over them gives."""

from __future__ import annotations

from streams.agents.learn import LearningAgent
from streams.engine import reading, rows
from streams.engine.writes import Writes
from streams.sandbox.proof.compare import Check
from streams.settings import Settings

_BATCH = 1_000


def judge(settings: Settings) -> list[Check]:
    """Compare every version in order, and the rows of `learn-state`."""
    agent, writes = LearningAgent(), Writes()
    agent.opened("labels", 0, {}, 0)
    labels = list(reading.read_all(settings, ["labels"]))
    for start in range(0, len(labels), _BATCH):
        agent.fold("labels", 0, labels[start : start + _BATCH], writes)
        agent.finish(writes)
    wanted = [write.value for write in writes.records if write.topic == "models"]
    found = [record.value for record in reading.read_all(settings, ["models"])]
    versions = Check(
        name="model versions",
        expected=len(wanted),
        lost=sum(1 for value in wanted if value not in found),
        twice=len(found) - len({*found}) + sum(1 for value in found if value not in wanted),
    )
    versions.reordered = int(versions.green and wanted != found)
    own = {w.key: rows.unpack(w.value or b"")[3] for w in writes.records if w.topic == "learn-state"}
    theirs = {r.key: rows.unpack(r.value or b"")[3] for r in reading.read_all(settings, ["learn-state"])}
    differing = sum(own.get(key) != theirs.get(key) for key in own.keys() | theirs.keys())
    return [versions, Check(name="model rows", expected=len(own), differing=differing)]
