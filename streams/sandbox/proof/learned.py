"""Labels learned again: the versions on `models` and the learner's own row must be what one pass over them gives."""

from __future__ import annotations

from streams.agents.learn import LearningAgent
from streams.engine import reading, rows
from streams.engine.writes import Writes
from streams.sandbox.proof.compare import Check
from streams.settings import Settings


def judge(settings: Settings) -> list[Check]:
    """Compare every version in order, and the rows of `learn-state`."""
    agent = LearningAgent()
    agent.opened("labels", 0, {}, 0)
    wanted: list[bytes | None] = []
    own: dict[bytes | None, bytes] = {}
    places = reading.places(settings, ["labels"])
    for labels in reading.batches(settings, places, until=reading.ends(settings, places)):
        writes = Writes()
        agent.fold("labels", 0, labels, writes)
        agent.finish(writes)
        wanted += [write.value for write in writes.records if write.topic == "models"]
        own |= {w.key: rows.unpack(w.value or b"")[3] for w in writes.records if w.topic == "learn-state"}
    found = [record.value for record in reading.read_all(settings, ["models"])]
    versions = Check(
        name="model versions",
        expected=len(wanted),
        lost=sum(1 for value in wanted if value not in found),
        twice=len(found) - len({*found}) + sum(1 for value in found if value not in wanted),
    )
    versions.reordered = int(versions.green and wanted != found)
    theirs = {r.key: rows.unpack(r.value or b"")[3] for r in reading.read_all(settings, ["learn-state"])}
    differing = sum(own.get(key) != theirs.get(key) for key in own.keys() | theirs.keys())
    return [versions, Check(name="model rows", expected=len(own), differing=differing)]
