"""Collection plans: per product, which stages exist, when each may be reached, and by which measures.

Decides what a plan may say and whether it makes sense; `propose` decides what follows from it.

Rule 1: stages are a ladder in the fixed order of `terms.Stage`; a plan may leave stages out at the severe end or in the
middle, but a borrower climbs the plan's stages one at a time.
Rule 2: a stage never opens earlier than the stage before it.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from typing import Annotated, Literal

from msgspec import Meta, Struct

from streams.collections.packs import Name, PolicyError, convert, parse_toml
from streams.collections.situation import Situation
from streams.collections.terms import (
    CONTACT_KINDS,
    LADDER,
    TIER_RANKS,
    ActionKind,
    Actor,
    Content,
    Disclosure,
    Stage,
    Tier,
)

#: Marks and proposals of forbearance offers carry this name in place of a stage.
FORBEARANCE_OFFER = "FORBEARANCE_OFFER"
Days = Annotated[int, Meta(ge=0, le=3650)]
Ppm = Annotated[int, Meta(ge=0, le=1_000_000)]


class Condition(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that is given must hold. Thresholds of days are anchored to dates: see `progress.next_wake_day`.

    Attributes:
        tier_at_least: risk tier now.
        days_past_due_at_least: 0 asks for nothing.
        days_past_due_at_most: left out asks for nothing.
        days_to_due_at_most: nothing is overdue and the next due date is at most so far away; left out asks for nothing.
        tier_rose_within_days: the tier rose so recently; left out asks for nothing.
        arrears_minor_at_least: minor units.
        broken_promises_at_least: 0 asks for nothing.
        attempts_at_least: attempts in this spell, all channels.
    """

    tier_at_least: Tier = Tier.NORMAL
    days_past_due_at_least: Days = 0
    days_past_due_at_most: Days | None = None
    days_to_due_at_most: Days | None = None
    tier_rose_within_days: Days | None = None
    arrears_minor_at_least: Annotated[int, Meta(ge=0)] = 0
    broken_promises_at_least: Annotated[int, Meta(ge=0)] = 0
    attempts_at_least: Annotated[int, Meta(ge=0)] = 0

    @property
    def is_early(self) -> bool:
        """Whether it is about the days before a due date. While nothing is overdue, only such a condition holds."""
        return self.days_to_due_at_most is not None

    def holds(self, situation: Situation, attempts: int) -> bool:
        """Whether everything given is true of the situation."""
        return (  # what is most often false comes first
            situation.days_past_due >= self.days_past_due_at_least
            and TIER_RANKS[situation.tier] >= TIER_RANKS[self.tier_at_least]
            and situation.is_clear == self.is_early
            and (self.days_past_due_at_most is None or situation.days_past_due <= self.days_past_due_at_most)
            and situation.arrears_minor >= self.arrears_minor_at_least
            and situation.broken_promises >= self.broken_promises_at_least
            and attempts >= self.attempts_at_least
            and self._is_due_soon(situation)
            and self._rose_lately(situation)
        )

    def _is_due_soon(self, situation: Situation) -> bool:
        if self.days_to_due_at_most is None:
            return True
        days = situation.next_due_day - situation.business_day
        return situation.next_due_day > 0 and 0 <= days <= self.days_to_due_at_most

    def _rose_lately(self, situation: Situation) -> bool:
        if self.tier_rose_within_days is None:
            return True
        days = situation.business_day - situation.tier_rose_day
        return situation.tier_rose_day > 0 and days <= self.tier_rose_within_days


class Measure(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One way to carry out a stage.

    Attributes:
        kind: what is done.
        actor: who does it.
        staff_count: people on a visit.
        disclosures: what its script discloses.
        content: what its message contains.
        template: the lender's template.
    """

    kind: ActionKind
    actor: Actor = Actor.HUMAN
    staff_count: Annotated[int, Meta(ge=1, le=10)] = 1
    disclosures: tuple[Disclosure, ...] = ()
    content: tuple[Content, ...] = ()
    template: str = ""


class Step(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a stage and a forbearance offer have in common.

    Attributes:
        when: any of these opens the step.
        measures: in the order of preference; the first permitted one is proposed, unless learned scores choose another.
        priority: higher is worked first.
        repeat_days: proposed again at the earliest after so many days.
        valid_days: a proposal lapses after so many days.
        note: for the reader.
    """

    when: Annotated[tuple[Condition, ...], Meta(min_length=1)]
    measures: Annotated[tuple[Measure, ...], Meta(min_length=1)]
    priority: Annotated[int, Meta(ge=0, le=100)]
    repeat_days: Annotated[int, Meta(ge=1, le=365)] = 7
    valid_days: Annotated[int, Meta(ge=1, le=30)] = 1
    note: str = ""

    def is_open(self, situation: Situation, attempts: int) -> bool:
        """Whether any condition holds."""
        for condition in self.when:  # noqa: SIM110 - half the time of `any` over a generator
            if condition.holds(situation, attempts):
                return True
        return False


class StageStep(Step, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A stage of the ladder.

    Attributes:
        stage: its name.
        after_previous_days: days since the stage before it was first proposed in this spell.
    """

    stage: Stage
    after_previous_days: Days = 1


class Plan(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, eq=False):
    """A collection plan as written. Load one with `load_plan`.

    Attributes:
        plan: its name.
        version: changes with every edit; proposals record it.
        products: product codes; `*` is every product without a plan of its own.
        stages: mildest first.
        forbearance_offer: when to offer relief; left out never.
        promise_pauses: an open promise to pay pauses the ladder until its day has passed.
        measure_choice: which of a step's permitted measures is proposed: LEARNED, by the scores in force (in the plan's
            order while there are none), or FIXED, always in the plan's order.
        exploration_floor_ppm: with LEARNED, the share of choices made at random among the permitted measures, parts
            per million; without it nothing more could be learned about a measure that once did badly.
        holdout_ppm: share of borrowers, parts per million, whose reminders before the due date are withheld to measure
            what they achieve. Nothing else is ever withheld.
        note: for the reader.
    """

    plan: Name
    version: Name
    products: Annotated[tuple[str, ...], Meta(min_length=1)]
    stages: Annotated[tuple[StageStep, ...], Meta(min_length=1)]
    forbearance_offer: Step | None = None
    promise_pauses: bool = True
    measure_choice: Literal["LEARNED", "FIXED"] = "LEARNED"
    exploration_floor_ppm: Ppm = 100_000
    holdout_ppm: Ppm = 0
    note: str = ""

    @property
    def label(self) -> str:
        """`name@version`, as proposals record it."""
        return f"{self.plan}@{self.version}"


@lru_cache(maxsize=256)
def steps_of(plan: Plan) -> dict[str, Step]:
    """The steps by the name that marks give them: the forbearance offer, if there is one, and the stages."""
    offer: dict[str, Step] = {FORBEARANCE_OFFER: plan.forbearance_offer} if plan.forbearance_offer else {}
    return offer | {step.stage: step for step in plan.stages}


@lru_cache(maxsize=256)
def followers_of(plan: Plan) -> dict[str, StageStep]:
    """The stage that follows each stage but the last."""
    return {before.stage: after for before, after in pairwise(plan.stages)}


class LoadedPlan:
    """A plan that was checked, with what its daily use needs worked out once.

    Attributes:
        plan: as written.
        digest: SHA-256 of its text, hexadecimal.
        early: the conditions that can hold while nothing is overdue.
        overdue_offsets: days after a due date on which some threshold is reached, rising.
        early_offsets: days before a due date, as negative numbers, rising.
    """

    __slots__ = ("digest", "early", "early_offsets", "overdue_offsets", "plan")

    def __init__(self, plan: Plan, digest: str) -> None:
        self.plan = plan
        self.digest = digest
        offer = [plan.forbearance_offer] if plan.forbearance_offer is not None else []
        conditions = [condition for step in [*plan.stages, *offer] for condition in step.when]
        self.early = tuple([condition for condition in conditions if condition.is_early])
        thresholds = {max(condition.days_past_due_at_least, 1) for condition in conditions if not condition.is_early}
        self.overdue_offsets = tuple(sorted(thresholds))
        self.early_offsets = tuple(sorted({-(condition.days_to_due_at_most or 0) for condition in self.early}))


@lru_cache(maxsize=64)  # any activation makes all of them again, and the same text is the same policy
def load_plan(text: bytes, name: str) -> LoadedPlan:
    """Read and check a collection plan.

    Args:
        text: the TOML file's bytes.
        name: how messages call the file.

    Raises:
        PolicyError: it is not TOML, a field is missing, unknown or out of range, or two statements contradict each
            other. Nothing is applied; correct what the message names and load again.
    """
    document = parse_toml(text, name)
    plan = convert(document, Plan, name, _stage_names(document))
    problems = _problems(plan)
    if problems:
        raise PolicyError(name, problems)
    return LoadedPlan(plan, sha256(text).hexdigest())


@lru_cache(maxsize=4096)
def plan_for(plans: tuple[LoadedPlan, ...], product: str) -> LoadedPlan | None:
    """The plan that names `product`, else the one for `*`, else None."""
    for wanted in (product, "*"):
        for loaded in plans:
            if wanted in loaded.plan.products:
                return loaded
    return None


def _stage_names(document: dict[str, object]) -> dict[str, str]:
    stages = document.get("stages")
    if not isinstance(stages, list):
        return {}
    return {f"stages[{n}]": f"stage {s.get('stage', n + 1)}" for n, s in enumerate(stages) if isinstance(s, dict)}


def _problems(plan: Plan) -> list[str]:
    found: list[str] = []
    order = [LADDER.index(step.stage) for step in plan.stages]
    if order != sorted(set(order)):
        found.append(f"stages: list each stage once, in the order {', '.join(LADDER[1:])}")
    for step in plan.stages:
        found.extend(f"stage {step.stage}, {problem}" for problem in _step_problems(step))
    for milder, step in zip(plan.stages, plan.stages[1:], strict=False):
        if _mildest_days(step) < _mildest_days(milder):
            found.append(
                f"stage {step.stage}, days_past_due_at_least: {_mildest_days(step)} is earlier than the "
                f"{_mildest_days(milder)} of {milder.stage}; a later stage must not open before an earlier one"
            )
    return found


def _mildest_days(step: Step) -> int:
    return min(condition.days_past_due_at_least for condition in step.when)


def _step_problems(step: StageStep) -> list[str]:
    found: list[str] = []
    if step.stage is Stage.CLEAR:
        found.append("stage: CLEAR is the absence of a stage and cannot have measures")
    kinds = {measure.kind for measure in step.measures}
    if step.stage is Stage.AGENCY and kinds != {ActionKind.AGENCY}:
        found.append("measures: the only measure of this stage is AGENCY")
    if step.stage is Stage.LEGAL_REVIEW and kinds != {ActionKind.LEGAL_REVIEW}:
        found.append("measures: the only measure of this stage is LEGAL_REVIEW")
    if step.stage not in {Stage.AGENCY, Stage.LEGAL_REVIEW} and not kinds <= CONTACT_KINDS:
        found.append(f"measures: allowed are contacts: {', '.join(sorted(CONTACT_KINDS))}")
    if len(kinds) < len(step.measures):
        found.append("measures: each kind of action once")
    early = [condition for condition in step.when if condition.days_to_due_at_most is not None]
    if early and step.stage is not Stage.REMINDER:
        found.append("days_to_due_at_most: only the REMINDER stage may act before the due date")
    return found
