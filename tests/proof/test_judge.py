"""The judge sees what is lost, what comes twice, what is out of order, and what differs."""

from streams.sandbox.proof import compare, journal
from streams.sandbox.proof.compare import Check
from streams.sandbox.proof.refold import Letter, Outcome
from streams.sandbox.proof.schedule import LONG, SHORT, counted, schedule

TOPIC = "risk-tier-changes"


def outcome(*values: bytes) -> Outcome:
    """One borrower's alerts."""
    made = Outcome()
    for value in values:
        made.add(TOPIC, b"b-1", value)
    return made


def judged(*actual: bytes) -> tuple[int, int, int]:
    """Lost, twice and reordered against the alerts 1, 2, 3."""
    check = compare.outputs(TOPIC, outcome(b"1", b"2", b"3"), outcome(*actual))
    return check.lost, check.twice, check.reordered


def test_outputs() -> None:
    """Each kind of difference is counted as what it is."""
    assert judged(b"1", b"2", b"3") == (0, 0, 0)
    assert judged(b"1", b"3") == (1, 0, 0)
    assert judged(b"1", b"2", b"2", b"3") == (0, 1, 0)
    assert judged(b"2", b"1", b"3") == (0, 0, 1)
    assert judged(b"1", b"2", b"x") == (1, 1, 0)
    assert judged() == (3, 0, 0)


def test_states() -> None:
    """A row that differs, is missing or is too much counts once."""
    wanted, found = Outcome(), Outcome()
    wanted.states = {b"a": 1, b"b": 2, b"c": 3}
    found.states = {b"a": 1, b"b": 9, b"d": 4}

    assert compare.states(wanted, found) == Check(name="state rows", expected=3, differing=3)


def test_dead_letters() -> None:
    """Poison once, and once what the reference refused."""
    poison = {("loans", 0, 1), ("loans", 0, 2)}
    bad = Letter("payments", 1, 7, "key_conflict")
    found = [Letter("loans", 0, 1, "not_json"), Letter("loans", 0, 1, "not_json"), bad]

    check = journal.letters(poison, [bad], found)

    assert (check.expected, check.lost, check.twice) == (3, 1, 1)


def test_schedule_repeats_and_is_whole() -> None:
    """A seed gives the same faults in order of time, as many as planned, brokers one at a time."""
    one = schedule(LONG, 3, 7)

    assert one == schedule(LONG, 3, 7) != schedule(LONG, 3, 8)
    assert [f.at_s for f in one] == sorted(f.at_s for f in one)
    assert counted(one)["kill"] >= 20
    assert counted(schedule(SHORT, 1, 1))["freeze"] == 1
