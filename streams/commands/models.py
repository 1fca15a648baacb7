"""`forewarn models`: which versions there are, how they did, which one is active and since where, and deciding otherwise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from streams.commands.context import with_settings
from streams.commands.model_decisions import promote, rollback
from streams.commands.options import json_option
from streams.commands.printing import print_json, print_table
from streams.risk.heads import HEADS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from streams.commands.model_state import InForce
    from streams.learning.health import Health, Pooled, Version, Window
    from streams.settings import Settings

_FIGURES = ("auc", "average_precision", "ece", "log_loss")
#: What alerts that stood were worth, and how often tiers change, of the versions that were active.
_ALERTS = {"alert_precision": "alerts right", "alert_recall": "found", "tier_changes": "moves a year"}
_head_option = click.option(
    "--head", type=click.Choice(list(HEADS)), default=HEADS[0], show_default=True, help="Whose figures."
)
#: Newest versions shown unless told otherwise: learning publishes about three a month.
_SHOWN = 18


class Listed(Struct, frozen=True, kw_only=True):
    """A version with the figures of the month-ends that it scored."""

    version: Version
    active: bool
    figures: Pooled | None


class State(Struct, frozen=True, kw_only=True):
    """What `models list --json` prints."""

    active: str
    pinned: bool
    in_force: list[InForce]
    head: str
    versions: list[Listed]


@click.group(epilog="Example: forewarn models list")
def models() -> None:
    """List, compare, promote and roll back model versions."""


@models.command(
    name="list",
    short_help="Versions, their figures, and which is active since where.",
    epilog="Example: forewarn models list --all",
)
@click.option("--all", "every", is_flag=True, help=f"All versions; else the newest {_SHOWN} and the active one.")
@_head_option
@json_option
@with_settings
def list_versions(settings: Settings, *, every: bool, head: str, as_json: bool) -> None:
    """Show the versions on topic `models`, the prequential figures of each, and what is in force in each partition.

    A version's figures are those of the month-ends that it scored while it was active, judged when their labels
    matured; a version that was active at no month-end has none.
    """
    from streams.commands import model_state

    found = model_state.published(settings)
    state = _state(found.health, model_state.in_force(settings), head)
    if as_json:
        print_json(state)
        return
    shown = state.versions if every else [v for v in state.versions[:-_SHOWN] if v.active] + state.versions[-_SHOWN:]
    columns = ("version", "learned through", "how", "month-ends", "labels", "positives", *_FIGURES,
               *_ALERTS.values(), "active")  # fmt: skip
    print_table(columns, [_row(each) for each in shown], right=columns[3:13])
    for line in _force_lines(state):
        click.echo(line)


def _state(health: Health, in_force: list[InForce], head: str) -> State:
    from streams.learning.health import pooled

    listed, last = [], len(health.versions) - 1
    for at, version in enumerate(health.versions):
        windows = [window for window in health.of_version(version.version) if window.head == head]
        newer = any(later.version == version.version for later in health.versions[at + 1 :])
        active = version.activated and version.version == health.active and not newer and at <= last
        listed.append(Listed(version=version, active=active, figures=next(iter(pooled(windows)), None)))
    return State(active=health.active, pinned=health.pinned, in_force=in_force, head=head, versions=listed)


def _row(listed: Listed) -> list[str]:
    version, figures = listed.version, listed.figures
    how = version.activation.value.lower() + (f" by {version.decided_by}" if version.decided_by else "")
    if not version.activated:
        how += ", waits"
    counted = [f"{n:,}" for n in (figures.windows, figures.labels, figures.positives)] if figures else ["-"] * 3
    shown = [_number(getattr(figures, name)) if figures else "-" for name in _FIGURES]
    shown += [_number(getattr(figures, name), 2) if figures else "-" for name in _ALERTS]
    return [version.version, str(version.learned_through), how, *counted, *shown, "active" if listed.active else ""]


def _number(value: float, digits: int = 4) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _force_lines(state: State) -> list[str]:
    lines = [f"Active: {state.active}{', pinned: what is learned waits' if state.pinned else ''}."]
    for each in state.in_force:
        since = f"since journal {each.partition}/{each.since_offset}" if each.since_offset >= 0 else "from the start"
        late = "" if each.version == state.active else "  (not yet there)"
        lines.append(f"  journal partition {each.partition}: {each.version} {since}{late}")
    return lines


@models.command(
    short_help="Figures of versions or lines side by side.", epilog="Example: forewarn models compare active learner"
)
@click.argument("names", nargs=-1)
@_head_option
@click.option(
    "--tree",
    "trees",
    multiple=True,
    type=click.Choice(["hoeffding_adaptive_tree", "adaptive_random_forest"]),
    help="Also learn this challenger from topic labels, in the shadow; may be given several times. Slow: River's trees.",
)
@json_option
@with_settings
def compare(settings: Settings, *, names: tuple[str, ...], head: str, trees: tuple[str, ...], as_json: bool) -> None:
    """Compare versions, or lines that run side by side: active, learner, adagrad (all three if none is named).

    Lines were scored on the same month-ends in the same order, so they are compared on those that all of them scored.
    Versions scored different month-ends; where they share none, each is shown on its own.
    """
    from streams.commands import model_state
    from streams.learning.health import pooled
    from streams.learning.promotion import windows_of

    health = model_state.published(settings).health
    asked = names or ("active", "learner", "adagrad")
    windows = {name: {w.observed_on: w for w in windows_of(health, name, head)} for name in asked}
    if trees:
        windows |= _shadowed(settings, trees, head)
    known = {name: found for name, found in windows.items() if found}
    if not known:
        raise click.ClickException(
            f"Nothing that {', '.join(asked)} said about {head} has matured and been learned yet."
        )
    shared = set.intersection(*(set(found) for found in known.values()))
    rows = {
        name: pooled(window for day, window in found.items() if day in shared or not shared)[0]
        for name, found in known.items()
    }
    if as_json:
        print_json(
            {
                "head": head,
                "shared_month_ends": len(shared),
                "figures": rows,
                "missing": sorted(set(windows) - set(known)),
            }
        )
        return
    columns = ("line", "month-ends", "labels", "positives", *_FIGURES)
    table = [
        [
            name,
            *(f"{n:,}" for n in (row.windows, row.labels, row.positives)),
            *(_number(getattr(row, f)) for f in _FIGURES),
        ]
        for name, row in rows.items()
    ]
    print_table(columns, table, right=columns[1:])
    click.echo(
        f"{head}, on the {len(shared)} month-ends that all of them scored." if shared
        else f"{head}. They scored different month-ends: do not compare the figures as if they had not."
    )  # fmt: skip
    for name in sorted(set(windows) - set(known)):
        click.echo(f"{name}: nothing has matured yet.")


def _shadowed(settings: Settings, trees: Sequence[str], head: str) -> dict[str, dict[dt.date, Window]]:
    from streams.commands import model_state
    from streams.learning.shadow import shadow

    labels = model_state.labels(settings, head)
    found = {name: shadow(labels, head, name) for name in dict.fromkeys(trees)}
    return {name: {w.observed_on: w for w in windows if not w.quarantined} for name, windows in found.items()}


models.add_command(promote)
models.add_command(rollback)
