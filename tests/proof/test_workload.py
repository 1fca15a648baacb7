"""The workload is repeatable, and marks exactly the records that must be refused."""

import time

from streams.events.decode import Refusal, accept
from streams.sandbox.proof.workload import Sending, story


def refused(record: Sending) -> bool:
    """Whether the product takes a record."""
    try:
        accept(record.topic, record.key, record.value, time.time_ns() // 1_000_000)
    except Refusal:
        return True
    return False


def test_poison_is_what_is_refused() -> None:
    """The mark and the product agree on every record, and every special kind occurs."""
    told = story(6_000, seed=3, days=200)

    assert [r for r in told.records if refused(r) != r.poison] == []
    assert min(told[1:]) > 0


def test_same_seed_same_records() -> None:
    """A seed repeats a run; another one makes another."""
    one, same, other = (story(1_500, seed, days=90).records for seed in (5, 5, 6))

    assert one == same
    assert one != other
