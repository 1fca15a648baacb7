"""The rights of each process on the cluster, and no more: what docs/security.md lists and a worker asks for at its start.

Reading follows from what each processor declares; what it writes is listed here, and a test on a cluster that grants
exactly this shows that the list is whole.
"""

from __future__ import annotations

from streams.engine.reading import READING_GROUP
from streams.engine.rights import Right
from streams.topics import SEQUENCED, TOPICS

#: What each agent reads: its inputs and its own rows.
READS = {
    "sequence": (*SEQUENCED, "sequence-state"),
    "assess": ("journal", "state"),
    "learn": ("labels", "learn-state"),
    "portfolio": ("book", "portfolio-state"),
    "preserve": (
        *("journal", "risk-tier-changes", "delinquency-changes", "collection-actions", "portfolio-alerts"),
        "dead-letters",
    ),
}
#: What each agent writes, in its transactions.
WRITES = {
    "sequence": ("journal", "sequence-state", "dead-letters"),
    "assess": (
        *("state", "labels", "book", "dead-letters"),
        *("risk-tier-changes", "delinquency-changes", "collection-actions"),
    ),
    "learn": ("models", "learn-state"),
    "portfolio": ("portfolio-state", "portfolio-alerts", "controls"),
    "preserve": ("evidence",),
}
#: Every command that reads topics needs this one beside READ on them: librdkafka asks for it though nobody joins.
READING = Right("READ", "group", READING_GROUP)


def needed(agent: str, instance: str) -> list[Right]:
    """Every right of one agent, run as `instance`. Names are without the prefix of the installation."""
    group = f"forewarn.{agent}"
    return [
        *(Right(operation, "topic", topic.name) for topic in TOPICS for operation in ("DESCRIBE", "DESCRIBE_CONFIGS")),
        *(Right("READ", "topic", name) for name in READS[agent]),
        *(Right("WRITE", "topic", name) for name in WRITES[agent]),
        Right("READ", "group", group),
        *(Right(operation, "transactional id", f"{group}.{instance}") for operation in ("DESCRIBE", "WRITE")),
    ]
