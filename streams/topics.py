"""Every topic, once: its name, who may write it, how many partitions, and how Kafka keeps it.

Rule 1: the journal and `state` have the same number of partitions, for a borrower's row lives beside its records.
Rule 2: `business-dates`, `models`, `controls`, `labels`, `book` and the three small state topics have one partition:
they are one sequence each.
"""

from __future__ import annotations

from msgspec import Struct

#: Room for a 10 MB record on an input topic: it must arrive to be refused with a reason.
RECORD_BYTES_MAX = 12_582_912

_INPUT = {"max.message.bytes": str(RECORD_BYTES_MAX), "retention.ms": str(7 * 86_400_000)}
_OUTPUT = {"retention.ms": str(30 * 86_400_000)}
_FOREVER = {"retention.ms": "-1"}
#: The journal is the source of every replay and of the evidence: kept forever, tiered storage is the way to shrink it.
#: One message of `book` holds a batch's changes of every segment, which may be more than the usual megabyte.
_WIDE = {"retention.ms": "-1", "max.message.bytes": str(RECORD_BYTES_MAX)}
#: A row is rewritten with every event of its borrower. Compaction starts when a fifth of the log is old rows (a restore
#: then reads at most 1.25 rows a borrower plus the active segment), and the active segment, which is never compacted,
#: is kept small. delete.retention.ms outlasts any restore, so a tombstone is never missed by one that is under way.
_COMPACTED = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.2",
    "segment.bytes": str(64 * 1024 * 1024),
    "segment.ms": str(3_600_000),
    "delete.retention.ms": str(86_400_000),
    "max.message.bytes": str(RECORD_BYTES_MAX),
}


class Topic(Struct, frozen=True):
    """One topic. `partitions` 0 means the configured number."""

    name: str
    direction: str  # in, out or internal
    purpose: str
    config: dict[str, str]
    partitions: int = 0


TOPICS = (
    Topic("loans", "in", "loan opened, schedule set, restructured, written off, closed", _INPUT),
    Topic("payments", "in", "payments received, failed, reversed", _INPUT),
    Topic("missed-installments", "in", "the platform's view of missed installments", _INPUT),
    Topic("contacts", "in", "contacts, promises, disputes, complaints, holds, consents", _INPUT),
    Topic("business-dates", "in", "the lender's logical day advances", _INPUT, 1),
    Topic("controls", "in", "policy packs and plans activated", _INPUT, 1),
    Topic("models", "internal", "model versions and scores of measures that learn published", _WIDE, 1),
    Topic("journal", "internal", "every accepted event, in the one order that is folded", _WIDE),
    Topic("state", "internal", "one row a borrower, as of the last committed record", _COMPACTED),
    Topic(
        "sequence-state",
        "internal",
        "how many records each input partition gave to each journal partition",
        _COMPACTED,
        1,
    ),
    Topic("learn-state", "internal", "the learner's weights, covariance and figures", _COMPACTED, 1),
    Topic("book", "internal", "changes of the whole book's sums, and closed business dates", _WIDE, 1),
    Topic("portfolio-state", "internal", "the whole book: stock, history and stage of its parts", _COMPACTED, 1),
    Topic("labels", "internal", "matured labels, outcomes of measures, closed business dates", _FOREVER, 1),
    Topic("risk-tier-changes", "out", "the alerts: each tier change once, in order per borrower", _OUTPUT),
    Topic("delinquency-changes", "out", "loans moving between delinquency buckets", _OUTPUT),
    Topic("collection-actions", "out", "proposed measures with the conduct gate's decision", _OUTPUT),
    Topic("portfolio-alerts", "out", "stages of stress and proposals for the whole book", _OUTPUT, 1),
    Topic("evidence", "out", "checkpoints of the tamper-evident log", _FOREVER, 1),
    Topic(
        "dead-letters",
        "out",
        "records that were not taken, with their bytes and the reason",
        _OUTPUT | {"max.message.bytes": str(RECORD_BYTES_MAX)},
    ),
)

BY_NAME = {topic.name: topic for topic in TOPICS}

#: What the sequencer reads.
SEQUENCED = ("loans", "payments", "missed-installments", "contacts", "business-dates", "controls", "models")
#: Of those, the ones without a borrower: copied into every partition of the journal.
BROADCAST = frozenset({"business-dates", "controls", "models"})
