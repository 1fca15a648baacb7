# ruff: noqa: RUF001 -- Chinese sentences have Chinese punctuation.
"""The portfolio's alerts, in words for people and figures for machines. Decides nothing: says what `monitor` decided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from streams.events.fields import NonNegativeMoney
from streams.events.outputs import PortfolioAlert, PortfolioAlertKind, PortfolioFigure, PortfolioProposal, Stage
from streams.portfolio.book import MILLION
from streams.portfolio.drift import Drift
from streams.portfolio.incident import Incident
from streams.portfolio.indicators import Figure, coverage_bps
from streams.portfolio.playbook import Playbook, Trigger
from streams.portfolio.stages import LEVEL, SIGNED
from streams.portfolio.storm import Summary
from streams.portfolio.views import currency, is_whole

#: Where an alert is about feeds and not about a part of the book.
FEEDS = "*"


class Subject(Struct, frozen=True):
    """The part that an alert is about, as of the opening of a day (ordinal)."""

    name: str
    day: int
    stage_before: Stage
    stage: Stage
    loss_minor: int | None = None
    reserve_minor: int | None = None


def make(
    subject: Subject,
    kind: PortfolioAlertKind,
    playbook: Playbook,
    words: tuple[str, str],
    *,
    clears: str | None = None,
    figures: Iterable[PortfolioFigure] = (),
    proposals: Iterable[PortfolioProposal] = (),
    affected: Sequence[str] = (),
) -> PortfolioAlert:
    """Put an alert together; its id is a function of what it is about, so a replay gives the same."""
    date, incident = dt.date.fromordinal(subject.day), kind == "DATA_OR_RAIL_INCIDENT"
    loss, reserve, unit = subject.loss_minor, subject.reserve_minor, currency(subject.name)
    frozen = incident and clears is None
    return PortfolioAlert(
        alert_id=f"{subject.name}/{date.isoformat()}/{kind}{'/cleared' if clears else ''}",
        business_date=date,
        segment=subject.name,
        kind=kind,
        state="CLEARED" if clears else "RAISED",
        clears=clears,
        stage_before=subject.stage_before,
        stage=subject.stage,
        sign_off_required=subject.stage in SIGNED,
        figures=tuple(figures),
        proposals=tuple(proposals),
        freeze=("ESCALATION", "LEARNING", "STAGES") if frozen else (),
        affected=tuple(affected),
        expected_loss=None if loss is None else NonNegativeMoney(loss, unit),
        reserve=None if reserve is None else NonNegativeMoney(reserve, unit),
        coverage_bps=None if loss is None or reserve is None else coverage_bps(reserve, loss),
        text_en=words[0],
        text_zh=words[1],
        playbook=playbook.label,
    )


def figures_of(triggers: Iterable[Trigger], figures: Mapping[str, Figure]) -> list[PortfolioFigure]:
    """The indicators behind some triggers, each once, with the threshold that it passed."""
    shown: dict[str, PortfolioFigure] = {}
    for trigger in triggers:
        figure = figures.get(trigger.indicator)
        if figure is not None:
            threshold = trigger.above_ppm if trigger.above_ppm is not None else trigger.below_ppm
            shown.setdefault(trigger.indicator, say(trigger.indicator, figure, threshold))
    return list(shown.values())


def say(name: str, figure: Figure, threshold_ppm: int | None = None) -> PortfolioFigure:
    """A figure as it stands in an alert."""
    return PortfolioFigure(
        indicator=name,
        value_ppm=figure.value_ppm,
        low_ppm=figure.low_ppm,
        high_ppm=figure.high_ppm,
        count=figure.count,
        of=figure.of,
        threshold_ppm=threshold_ppm,
    )


def proposals(playbook: Playbook, name: str, stage: Stage, day: int) -> list[PortfolioProposal]:
    """What the playbook proposes when a part enters a stage."""
    whole = is_whole(name)
    return [
        PortfolioProposal(
            proposal_id=f"{name}/{dt.date.fromordinal(day).isoformat()}/{stage}/{measure.action}",
            area=measure.area,
            action=measure.action,
            text_en=measure.text_en,
            text_zh=measure.text_zh,
            owner=measure.owner,
            due_on=dt.date.fromordinal(day + measure.due_days),
            state="PROPOSED",
        )
        for measure in playbook.measures
        if measure.stage == stage and (whole or not measure.whole)
    ]


def stage_words(subject: Subject, held: Sequence[Trigger]) -> tuple[str, str]:
    """Why a stage changed."""
    up = LEVEL[subject.stage] > LEVEL[subject.stage_before]
    why = ", ".join(trigger.id for trigger in held)
    english = f"{subject.name}: {subject.stage_before} to {subject.stage}"
    chinese = f"{subject.name}：{subject.stage_before} → {subject.stage}"
    if up:
        return f"{english}, because of {why}.", f"{chinese}，触发条件：{why}。"
    return f"{english}: the triggers have been quiet long enough.", f"{chinese}：触发条件已持续平静。"


def drift_words(name: str, drift: Drift) -> tuple[str, str]:
    """What rose, and by how much."""
    share, base = drift.missed / drift.exposed * 100, drift.baseline_ppm / MILLION * 100
    english = (
        f"{name}: {drift.missed} of {drift.exposed} installments due in {drift.window_days} days were newly missed "
        f"({share:.1f} %), against {base:.1f} % before."
    )
    chinese = (
        f"{name}：{drift.window_days} 日内到期 {drift.exposed} 期，新增逾期 {drift.missed} 期"
        f"（{share:.1f} %），此前为 {base:.1f} %。"
    )
    return english, chinese


def drift_over_words(name: str) -> tuple[str, str]:
    """That new misses are as usual again."""
    return f"{name}: new misses are as usual again.", f"{name}：新增逾期已恢复正常。"


def incident_words(incident: Incident, *, ended: bool) -> tuple[str, str]:
    """What is broken, and what must wait."""
    what, since = ", ".join(incident.affected), dt.date.fromordinal(incident.since).isoformat()
    if ended:
        return (
            f"The incident at {what} since {since} is over: escalation, learning and stages go on.",
            f"自 {since} 起 {what} 的数据或通道事故已结束：恢复催收升级、模型学习与阶段判断。",
        )
    english = (
        f"Misses jumped together with trouble at {what} since {since}: a rail or data incident, not a default wave. "
        "Hold escalation and learning for what is affected until it is cleared."
    )
    return (
        english,
        f"自 {since} 起逾期与 {what} 的异常同时上升：属通道或数据事故，而非违约潮。请暂停相关催收升级与模型学习。",
    )


def storm_words(name: str, summary: Summary, budget: int) -> tuple[str, str]:
    """How many tiers changed, and where."""
    moves = ", ".join(f"{count:,} {way}" for way, count in list(summary.moves.items())[:4])
    parts = ", ".join(f"{part} {count:,}" for part, count in summary.parts.items())
    english = (
        f"{name}: {summary.changes:,} tier changes in a day, more than {budget:,}: {moves}. Most in: {parts}. "
        "Every one stands on risk-tier-changes."
    )
    chinese = (
        f"{name}：单日风险等级变动 {summary.changes:,} 次，超过 {budget:,} 次：{moves}。主要分布：{parts}。"
        "全部变动均保留在 risk-tier-changes。"
    )
    return english, chinese
