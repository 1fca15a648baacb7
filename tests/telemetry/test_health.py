"""When an agent is live and when it is ready; how far behind a reader is."""

from __future__ import annotations

from streams.telemetry.health import SILENT_S_MAX, Health
from streams.telemetry.lag import SAMPLES_MAX, Tracker


def ready() -> Health:
    """An agent at its work."""
    health = Health(60.0, now=0.0)
    health.restored = health.caught_up = True
    health.waited_s = 0.0
    return health


def test_it_lives_while_its_loop_turns() -> None:
    """Up to the limit, and no longer."""
    health = Health(60.0, now=0.0)

    assert health.live(SILENT_S_MAX).ok
    assert not health.live(SILENT_S_MAX + 0.1).ok
    health.turned_at = 100.0
    assert health.live(100.0 + SILENT_S_MAX).ok


def test_it_is_ready_when_restored_caught_up_and_in_time() -> None:
    """Each of them alone is not enough; the reason says which is lacking."""
    assert ready().ready(0.0).ok
    for lacking, reason in (("restored", "assignment"), ("caught_up", "catching up")):
        health = ready()
        setattr(health, lacking, False)
        assert reason in health.ready(0.0).reason
    behind = ready()
    behind.waited_s = 60.1
    assert behind.ready(0.0).reason == "60 s behind; the bound is 60 s"
    stopping = ready()
    stopping.stopping = True
    assert stopping.ready(0.0).reason == "stopping"
    assert "not turned" in ready().ready(SILENT_S_MAX + 1).reason


def test_before_the_first_sample_it_is_not_ready() -> None:
    """Not to know is not to be well."""
    health = ready()
    health.waited_s = None

    assert health.ready(0.0).reason == "how far behind it is, is not known"


def test_a_record_waits_from_the_sample_that_saw_it() -> None:
    """Not from when the topic was last read, and until it is folded."""
    tracker: Tracker[str] = Tracker()

    assert tracker.look(0.0, {"p": 5}, {"p": 5})["p"] == (0, 0.0)
    assert tracker.look(100.0, {"p": 8}, {"p": 5})["p"] == (3, 0.0)
    assert tracker.look(103.0, {"p": 9}, {"p": 5})["p"] == (4, 3.0)
    assert tracker.look(106.0, {"p": 9}, {"p": 8})["p"] == (1, 3.0)
    assert tracker.look(109.0, {"p": 9}, {"p": 9})["p"] == (0, 0.0)


def test_caught_up_is_past_the_end_of_the_first_look() -> None:
    """What comes meanwhile does not move the goal; another assignment sets a new one."""
    tracker: Tracker[str] = Tracker()
    tracker.look(0.0, {"p": 5, "q": 1}, {"p": 2, "q": 1})
    seen = [tracker.caught_up]
    tracker.look(3.0, {"p": 9, "q": 1}, {"p": 5, "q": 1})
    seen.append(tracker.caught_up)
    tracker.forget()
    tracker.look(6.0, {"p": 9}, {"p": 8})
    seen.append(tracker.caught_up)

    assert seen == [False, True, False]


def test_a_long_wait_is_remembered_in_bounded_memory() -> None:
    """Samples are thinned; the oldest stays."""
    tracker: Tracker[str] = Tracker()
    seconds = [tracker.look(float(n), {"p": n + 1}, {"p": 0})["p"].seconds for n in range(5_000)]

    assert seconds[-1] == 4_999
    assert len(tracker._seen["p"]) <= SAMPLES_MAX


def test_a_partition_given_away_is_forgotten() -> None:
    """It does not hold up readiness."""
    tracker: Tracker[str] = Tracker()
    tracker.look(0.0, {"p": 5, "q": 9}, {"p": 5, "q": 0})
    found = tracker.look(3.0, {"p": 5}, {"p": 5})

    assert set(found) == {"p"}
    assert tracker.caught_up
