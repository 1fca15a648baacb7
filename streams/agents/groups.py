"""Builds each agent for a cluster: the composition root of a worker process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streams.agents import privileges
from streams.agents.sequence import Sequencer
from streams.engine import rights, topics_admin, topics_found
from streams.engine.barrier import Barrier
from streams.engine.processor import Processor
from streams.settings import Settings

#: What a tick must not overtake.
BORROWER_TOPICS = ("loans", "payments", "missed-installments", "contacts")
#: What alerts need. `preserve` comes beside them where evidence is kept.
AGENTS = ("sequence", "assess", "learn", "portfolio")
EVERY = (*AGENTS, "preserve")


def group_of(agent: str, settings: Settings) -> str:
    """The consumer group of an agent: also the prefix of its transactional id."""
    return f"{settings.topic_prefix}forewarn.{agent}"


def configured(settings: Settings) -> bool:
    """Whether this installation keeps evidence: it has a signing key, or a log."""
    has_key = bool(settings.evidence_key_file or settings.evidence_key)
    return has_key or (Path(settings.evidence_dir) / "log.json").exists()


def build(agent: str, settings: Settings, count: Callable[..., None] = lambda *names: None) -> Processor:
    """Make an agent's processor. Imports are local: the sequencer needs no River, and starts faster without it.

    Args:
        count: told the names of what is worth counting, see `measure`.

    Raises:
        Misconfigured: the cluster refuses us, or its topics are not as they must be.
    """
    topics_found.found(settings, topics_found.WORKER_S)  # says why a cluster refuses us; what follows only that it does
    rights.require(settings, privileges.needed(agent, settings.instance))
    topics_admin.require(settings)
    partitions = topics_admin.partition_counts(settings)["journal"]
    match agent:
        case "sequence":
            return Sequencer(partitions, Barrier(settings, group_of(agent, settings), BORROWER_TOPICS), count)
        case "assess":
            from streams.agents.assess import Assessor, rows_at_once
            from streams.risk.tiers import DEFAULT

            return Assessor(partitions, DEFAULT, count, rows_max=rows_at_once(settings.batch_records_max))
        case "learn":
            from streams.agents.learn import LearningAgent

            return LearningAgent(count=count)
        case "portfolio":
            from streams.agents.portfolio import PortfolioAgent

            return PortfolioAgent()
        case "preserve":
            return _preserver(settings)
        case _:
            raise ValueError(f"There is no agent {agent!r}; there are {', '.join(EVERY)}.")


def _preserver(settings: Settings) -> Processor:
    from streams.agents.evidence_home import open_home
    from streams.agents.preserve import Preserver

    log, signer = open_home(settings, Preserver.inputs)
    # A worker that was killed stays a member until its session ends, and may be given partitions meanwhile.
    patience_s = 4 * settings.session_timeout_ms / 1000
    return Preserver(log, signer, topics_admin.partition_counts(settings), patience_s)
