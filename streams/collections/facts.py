"""What the conduct gate needs to know about one borrower, small enough to live in the borrower's state row.

Layout: a msgpack map with one-letter keys that leaves out defaults, so a borrower without any contact costs three
bytes; the members of its lists are msgpack arrays. Ids that are only compared are 63-bit tokens (`instants.token`).

Rule 1: bounded. Attempts older than the longest window a pack may ask for are dropped; beyond `ATTEMPTS_MAX` the
oldest goes and its instant is remembered, so that counting fails closed instead of forgetting.
Rule 2: nothing here is ever a feature of the risk model, except the count of broken promises.
"""

from __future__ import annotations

from msgspec import Struct

from streams.collections.terms import HoldKind, NoticeKind, Result

#: A pack may count over at most this many days (Regulation F needs 7; US states quoted by lenders use 7 and 30).
WINDOW_DAYS_MAX = 30
#: One window, plus a day on each side for zones.
ATTEMPTS_KEPT_DAYS = WINDOW_DAYS_MAX + 2
#: 64 attempts x 45 bytes is about 3 kB for the most contacted borrower.
ATTEMPTS_MAX = 64
PROMISES_MAX = 16
#: When so many trials are awaited, no new one begins: dropping an old one would forget failures more than cures.
TRIALS_MAX = 6
#: Contact points known to be a third party's; the oldest is forgotten.
POINTS_MAX = 64
#: Suffix of marks of stages the gate refused; any contact event removes them, because it may change the answer.
DENIED = ":DENIED"
#: Clock time not set.
NO_TIME = -1


class Attempt(Struct, frozen=True, array_like=True, gc=False):
    """One contact, made or reserved.

    Attributes:
        key: token of the attempt's id; for a reservation, of the action's id.
        at_us: when, microseconds UTC.
        channel: as on the topic; empty when only the outcome has arrived, which then counts on every channel.
        debt: token of the loan; 0 counts for every debt.
        point: token of the contact point; 0 counts for every one.
        result: how it ended.
        expires_us: of a reservation: when it lapses unless the attempt is made; 0 for an attempt made.
    """

    key: int
    at_us: int
    channel: str
    debt: int = 0
    point: int = 0
    result: Result = Result.PENDING
    expires_us: int = 0


class Conversation(Struct, frozen=True, array_like=True, gc=False):
    """The last conversation with the debtor on one debt (0: on every debt) by one channel."""

    debt: int
    at_us: int
    channel: str


class Hold(Struct, frozen=True, array_like=True, gc=False):
    """A pause of contact: half-open days; 0 as first day is "since ever", as end "open".

    `loan_id` empty means every debt. `amount_minor` and `currency` are those of a dispute about a part of the debt;
    0 means all of it.
    """

    hold_id: str
    kind: HoldKind
    from_day: int
    until_day: int = 0
    loan_id: str = ""
    amount_minor: int = 0
    currency: str = ""


class Consent(Struct, frozen=True, array_like=True, gc=False):
    """The borrower's latest word on one channel and scope; `given` False is a withdrawal or an opt-out."""

    channel: str
    scope: str
    given: bool
    expires_us: int = 0


class Notice(Struct, frozen=True, array_like=True, gc=False):
    """The latest notice of a kind on a debt (empty: on every debt) and the day it was delivered."""

    kind: NoticeKind
    delivered_day: int
    loan_id: str = ""


class SignOff(Struct, frozen=True, array_like=True, gc=False):
    """That a person has signed off legal steps on a debt, and the day."""

    loan_id: str
    day: int


class Promise(Struct, frozen=True, array_like=True, gc=False):
    """A promise to pay. `result` is the platform's judgement and wins; `derived` is what the payments say so far."""

    promise_id: str
    amount_minor: int
    currency: str
    made_day: int
    due_day: int
    loan_id: str = ""
    result: str = ""
    derived: str = ""


class StageMark(Struct, frozen=True, array_like=True, gc=False):
    """That a stage or offer was proposed in this spell: first and last day, how often.

    `closed` says that the borrower has closed every channel of the stage, so the ladder may pass it. A name that ends
    in `DENIED` marks that the gate refused the stage, so that it is not asked the same question every day. `action` is
    the last proposal's id, empty when it was carried out or withdrawn (see `progress.stands`).
    """

    name: str
    first_day: int
    last_day: int
    count: int = 1
    closed: bool = False
    action: str = ""


class Trial(Struct, frozen=True, array_like=True, gc=False):
    """A measure chosen whose effect is not known yet (see `choice` and `trials`).

    `measure` is NONE for a borrower in the hold-out; `early` says that nothing was overdue when it was chosen.
    """

    day: int
    action_id: str
    segment: str
    measure: str
    permitted: tuple[str, ...]
    propensity_ppm: int
    policy: str
    early: bool = False


class Facts(
    Struct,
    frozen=True,
    omit_defaults=True,
    gc=False,
    rename={
        "zones": "z",
        "attempts": "a",
        "evicted_us": "e",
        "conversations": "t",
        "holds": "h",
        "consents": "c",
        "not_before_minute": "b",
        "not_after_minute": "f",
        "channels": "l",
        "third_party_points": "q",
        "refused_points": "r",
        "notices": "n",
        "promises": "p",
        "broken_before": "x",
        "made": "k",
        "stages": "s",
        "trials": "i",
        "sign_offs": "g",
    },
):
    """Everything the gate and the plan know about one borrower.

    Attributes:
        zones: IANA zones the debtor may be in; one when known, empty when unknown.
        attempts: oldest first.
        evicted_us: instant of the newest attempt dropped for lack of room; 0 none.
        conversations: last one per debt and channel.
        holds: set and not cleared, including future and past ones not yet pruned.
        consents: latest word per channel and scope.
        not_before_minute: minute of the day from which the debtor asked to be contacted; -1 not asked.
        not_after_minute: minute of the day until which; -1 not asked.
        channels: the only channels the debtor asked to be contacted by; empty means no request.
        third_party_points: contact points answered by somebody else.
        refused_points: of those, where the other person refused to be contacted.
        notices: latest per kind and debt.
        promises: newest `PROMISES_MAX`.
        broken_before: broken promises that were dropped from the list.
        made: attempts per channel in this arrears spell.
        stages: what has been proposed in this spell.
        trials: measures whose effect is awaited.
        sign_offs: latest per debt; one that was declined is gone.
    """

    zones: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    evicted_us: int = 0
    conversations: tuple[Conversation, ...] = ()
    holds: tuple[Hold, ...] = ()
    consents: tuple[Consent, ...] = ()
    not_before_minute: int = NO_TIME
    not_after_minute: int = NO_TIME
    channels: tuple[str, ...] = ()
    third_party_points: tuple[int, ...] = ()
    refused_points: tuple[int, ...] = ()
    notices: tuple[Notice, ...] = ()
    promises: tuple[Promise, ...] = ()
    broken_before: int = 0
    made: dict[str, int] = {}
    stages: tuple[StageMark, ...] = ()
    trials: tuple[Trial, ...] = ()
    sign_offs: tuple[SignOff, ...] = ()


NO_FACTS = Facts()
