"""Builds each agent for a cluster: the composition root of a worker process."""

from __future__ import annotations

from streams.agents.sequence import Sequencer
from streams.engine import topics_admin
from streams.engine.barrier import Barrier
from streams.engine.processor import Processor
from streams.settings import Settings

#: What a tick must not overtake.
BORROWER_TOPICS = ("loans", "payments", "missed-installments", "contacts")
AGENTS = ("sequence", "assess", "learn")


def group_of(agent: str, settings: Settings) -> str:
    """The consumer group of an agent: also the prefix of its transactional id."""
    return f"{settings.topic_prefix}forewarn.{agent}"


def build(agent: str, settings: Settings) -> Processor:
    """Make an agent's processor. Imports are local: the sequencer needs no River, and starts faster without it.

    Raises:
        Misconfigured: the cluster's topics are not as they must be.
    """
    topics_admin.require(settings)
    partitions = topics_admin.partition_counts(settings)["journal"]
    match agent:
        case "sequence":
            return Sequencer(partitions, Barrier(settings, group_of(agent, settings), BORROWER_TOPICS))
        case "assess":
            from streams.agents.assess import Assessor
            from streams.risk.tiers import DEFAULT

            return Assessor(partitions, DEFAULT)
        case "learn":
            from streams.agents.learn import LearningAgent

            return LearningAgent()
        case _:
            raise ValueError(f"There is no agent {agent!r}; there are {', '.join(AGENTS)}.")
