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

    assert [r for r in told if refused(r) != r.poison] == []
    assert min(told.counts.values()) > 0


def test_same_seed_same_records() -> None:
    """A seed repeats a run; another one makes another."""
    one, same, other = (list(story(1_500, seed, days=90)) for seed in (5, 5, 6))

    assert one == same
    assert one != other


def test_a_story_is_told_again_and_is_about_as_long_as_asked() -> None:
    """It can be read twice, and its borrowers come under other names when more are wanted than there are."""
    told = story(200_000, seed=5, days=30)
    number = len({record.key for record in told})

    assert list(told)[:1_000] == list(told)[:1_000]
    assert abs(sum(1 for _ in told) - told.expected) < 0.02 * told.expected
    assert abs(told.expected - 200_000) < 20_000
    assert number > len({record.key for record in story(20_000, seed=5, days=30)})
