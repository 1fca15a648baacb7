"""Builds each agent for a cluster: the composition root of a worker process."""

from __future__ import annotations

from streams.agents.sequence import Sequencer
from streams.engine import topics_admin
from streams.engine.barrier import Barrier
from streams.engine.process import run
from streams.settings import Settings

#: What a tick must not overtake.
_BORROWER_TOPICS = ("loans", "payments", "missed-installments", "contacts")
AGENTS = ("sequence", "assess", "learn")


def group_of(agent: str, settings: Settings) -> str:
    """The consumer group of an agent: also the prefix of its transactional id."""
    return f"{settings.topic_prefix}forewarn.{agent}"


def run_agent(agent: str, settings: Settings) -> None:
    """Run one agent in this process until it is asked to stop."""
    topics_admin.require(settings)
    partitions = topics_admin.partition_counts(settings)
    group = group_of(agent, settings)
    match agent:
        case "sequence":
            run(settings, group, Sequencer(partitions["journal"], Barrier(settings, group, _BORROWER_TOPICS)))
