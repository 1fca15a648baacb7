"""One run: a cluster, workers, a workload, faults meanwhile, a quiet end, and the judge."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from streams.agents.groups import AGENTS
from streams.engine import topics_admin
from streams.sandbox.broker import Cluster
from streams.sandbox.broker_config import ClusterSettings
from streams.sandbox.proof.fleet import Fleet, last_words
from streams.sandbox.proof.following import Following
from streams.sandbox.proof.injector import Injector
from streams.sandbox.proof.result import Result, sums
from streams.sandbox.proof.schedule import Plan, counted, schedule
from streams.sandbox.proof.sending import Sender
from streams.sandbox.proof.settling import NotSettled, Settling
from streams.sandbox.proof.verdict import judge
from streams.sandbox.proof.workload import Story, story
from streams.settings import Settings, load

#: Told (what goes on, done, of).
Progress = Callable[[str, int, int], None]
_LOOK_S = 0.05
_PARTITIONS = 4
#: Of a schedule's seconds; the last faults come when most is sent.
_SENDING_SHARE = 0.9


def _unfolded_max(events: int) -> int:
    """How many records the sender may be ahead of the workers: few of a short run, so that faults meet work."""
    return max(300, min(20_000, events // 20))


class Form(Struct, frozen=True, kw_only=True):
    """What a run is made of."""

    name: str
    events: int
    brokers: int
    plan: Plan
    settle_s: float
    #: So long may nothing move at all: far longer than any fault lasts.
    stuck_s: float = 240.0


def silent(what: str, done: int, of: int) -> None:
    """A progress callback that says nothing."""
    del what, done, of


class Run:
    """One run of one form."""

    def __init__(
        self, form: Form, seed: int, directory: Path, say: Callable[[str], None], progress: Progress = silent
    ) -> None:
        """Nothing is started yet; `directory` is emptied first."""
        self._form = form
        self._seed = seed
        self._directory = directory
        self._say = say
        self._progress = progress
        self._log = directory / "workers.log"

    def run(self) -> Result:
        """Do all of it; leaves no process behind."""
        form, started = self._form, time.monotonic()
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir(parents=True)
        faults = schedule(form.plan, form.brokers, self._seed)
        self._say(f"{form.name}: seed {self._seed}, making {form.events:,} records")
        told = story(form.events, self._seed)
        for fault in faults:
            self._say(f"  {fault}")
        with Cluster(self._directory / "kafka", ClusterSettings(brokers=form.brokers), self._say) as cluster:
            settings = self._settings(cluster)
            topics_admin.create(settings)
            fleet = Fleet(settings, self._log)
            try:
                return self._proved(cluster, settings, fleet, told, started)
            finally:
                fleet.stop()

    def _settings(self, cluster: Cluster) -> Settings:
        return load(
            {},
            bootstrap=cluster.bootstrap,
            partitions=_PARTITIONS,
            replication=min(3, self._form.brokers),
            session_timeout_ms=round(self._form.plan.session_timeout_s * 1000),
            state_dir=str(self._directory / "state"),
        )

    def _proved(self, cluster: Cluster, settings: Settings, fleet: Fleet, told: Story, started: float) -> Result:
        form = self._form
        for agent in AGENTS:
            fleet.add(agent, "a")
        sender = Sender(settings, told, told.expected / (form.plan.seconds * _SENDING_SHARE))
        following = Following(settings, lambda: sender.sent)
        sender.may = following.within(_unfolded_max(form.events))

        def worked_s() -> float:
            of = told.expected if sender.is_alive() else max(1, sender.sent)
            return form.plan.seconds * following.folded / of

        faults = schedule(form.plan, form.brokers, self._seed)
        injector = Injector(fleet, cluster, faults, self._seed, worked_s)
        following.start()
        sender.start()
        stopped: list[str] = []
        while not stopped and (sender.is_alive() or not injector.over):
            injector.look()
            self._progress("sending, with faults", following.folded, told.expected)
            if time.monotonic() - following.moved_at > form.stuck_s:
                stopped.append(
                    f"Nothing has moved for {form.stuck_s:.0f} s; {following.behind:,} records are not folded."
                )
            time.sleep(_LOOK_S)
        sender.stop()
        sender.join()
        following.stop()
        if sender.error is not None:
            stopped.append(sender.error)
        workload_s = time.monotonic() - started
        self._progress("waiting until all is folded", 0, 0)
        try:
            Settling(settings, form.settle_s, fleet.look).run()
        except NotSettled as error:
            stopped.append(str(error))
        stopped += [
            f"{m.agent} of {m.instance} ended with {m.last_code} and was not started again: {self._last_words()}"
            for m in fleet.ended_for_good
        ]
        restarts = fleet.restarts
        fleet.stop()
        verdict = judge(
            settings, sender.poison, self._log, progress=lambda done: self._progress("folding again", done, 0)
        )
        codes = Counter(str(code) for member in fleet.members for code in member.codes)
        return Result(
            name=form.name,
            green=verdict.green and not stopped,
            seed=self._seed,
            events=sender.acknowledged,
            brokers=form.brokers,
            partitions=settings.partitions,
            **sums(verdict),
            faults=counted(injector.done),
            restarts=restarts,
            seconds_workload=round(workload_s, 1),
            seconds_total=round(time.monotonic() - started, 1),
            workload=told.counts,
            stopped=stopped,
            exit_codes=dict(sorted(codes.items())),
            verdict=verdict,
        )

    def _last_words(self) -> str:
        lines = last_words(self._log.read_text(errors="replace"))
        return lines[-1] if lines else "it said nothing"
