"""What a dead letter looks like on its topic: the untouched bytes as value, and where and why in the headers."""

from __future__ import annotations

from streams.engine.writes import Writes

TOPIC, PARTITION, OFFSET, CODE, REASON = "dlq.topic", "dlq.partition", "dlq.offset", "dlq.code", "dlq.reason"


def write(
    writes: Writes,
    topic: str,
    partition: int,
    offset: int,
    key: bytes | None,
    value: bytes | None,
    code: str,
    reason: str,
) -> None:
    """Add one dead letter to a batch. Position and code are enough to find it, the bytes to send it again."""
    headers = [
        (TOPIC, topic.encode()),
        (PARTITION, str(partition).encode()),
        (OFFSET, str(offset).encode()),
        (CODE, code.encode()),
        (REASON, reason.encode()),
    ]
    writes.add("dead-letters", key, value, headers=headers)
