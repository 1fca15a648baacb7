"""`forewarn models promote` and `rollback`: a person's decision, as an event that acts at its place in the journal."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click
import msgspec

from streams.commands.context import with_settings
from streams.commands.options import json_option
from streams.commands.printing import print_bytes, print_json
from streams.risk.versions import DECIDED_BY, REASON, Activation

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.commands.model_state import Published
    from streams.events.control import ModelActivated
    from streams.learning.health import Pooled
    from streams.risk.heads import Weights
    from streams.settings import Settings


def _deciding(function: Callable[..., None]) -> Callable[..., None]:
    """The options of a decision."""
    for option in reversed(
        (
            click.option("--by", "decided_by", required=True, metavar="WHO", help="Who decides; a role or a desk. It is kept."),
            click.option("--reason", required=True, help="Why; it is kept with the decision."),
            click.option("--print", "only_print", is_flag=True, help="Print the event for an event file; send nothing."),
            click.option(
                "--date", "day", type=click.DateTime(["%Y-%m-%d"]),
                help="Business date of the event. Default: the newest learned one.",
            ),
            json_option,
        )
    ):  # fmt: skip
        function = option(function)
    return function


@click.command(
    short_help="Make a version active.",
    epilog="Example: forewarn models promote learner --by risk-desk --reason 'the incident is over'",
)
@click.argument("name")
@_deciding
@with_settings
def promote(settings: Settings, *, name: str, **how: object) -> None:
    """Make NAME active from its place in the journal on: a version, `learner` or `adagrad`.

    A version or `adagrad` is pinned: what is learned later waits. `learner` takes the newest learned version and lets
    each one after it follow by itself. Refused without prequential figures for the head that drives tiers.
    """
    from streams.commands import model_state
    from streams.learning.challenger import NAME as ADAGRAD
    from streams.learning.figures import LEARNER
    from streams.learning.promotion import Refused, figures_of

    found = model_state.published(settings)
    try:
        figures = figures_of(found.health, name)
    except Refused as refused:
        raise click.ClickException(f"Not promoted. {refused}") from refused
    if name == LEARNER:
        if found.newest_learned is None:
            raise click.ClickException("Not promoted. Nothing has been learned yet.")
        weights, activation = found.weights(found.newest_learned.version), Activation.FOLLOWED
    elif name == ADAGRAD:
        weights, activation = _challenger(settings), Activation.PINNED
    else:
        weights, activation = found.weights(name), Activation.PINNED
    _decide(settings, found, weights, activation, figures, how)


def _challenger(settings: Settings) -> Weights:
    from streams.commands import model_state

    learner = model_state.learner(settings)
    if learner is None:
        raise click.ClickException("Not promoted. The learner has committed nothing yet.")
    return learner.challenger_weights()


@click.command(
    short_help="Go back to a version that was active before.",
    epilog="Example: forewarn models rollback --by risk-desk --reason 'calibration broke in March'",
)
@click.argument("version", required=False)
@_deciding
@with_settings
def rollback(settings: Settings, *, version: str | None, **how: object) -> None:
    """Go back to VERSION (the one active before the present one if none is named), and pin it.

    It must have been active before; figures are not asked for, because a rollback cannot wait.
    """
    from streams.commands import model_state
    from streams.learning.promotion import Refused, before_active, require_activated

    found = model_state.published(settings)
    try:
        chosen = version or before_active(found.health)
        require_activated(found.health, chosen)
    except Refused as refused:
        raise click.ClickException(f"Not rolled back. {refused}") from refused
    _decide(settings, found, found.weights(chosen), Activation.PINNED, None, how)


def _decide(
    settings: Settings,
    found: Published,
    weights: Weights,
    activation: Activation,
    figures: Pooled | None,
    how: dict[str, object],
) -> None:
    from streams.commands import model_state

    event = _event(found, weights, activation, how)
    if how["only_print"]:
        print_bytes([msgspec.json.encode(event)])
        return
    model_state.publish(settings, event)
    taken = model_state.await_effect(settings)
    in_force = model_state.in_force(settings) if taken else []
    if how["as_json"]:
        print_json({"event_id": event.event_id, "version": event.version, "activation": activation, "in_force": in_force,
                    "figures": figures})  # fmt: skip
        return
    after = "what is learned later waits" if activation is Activation.PINNED else "what is learned later follows"
    click.echo(f"{event.version} is sent; {after}.")
    if not taken:
        click.echo("No worker has taken it within half a minute; `forewarn models list` shows when it is in force.")
    for each in in_force:
        click.echo(
            f"  journal partition {each.partition}: {each.version} since journal {each.partition}/{each.since_offset}"
        )


def _event(found: Published, weights: Weights, activation: Activation, how: dict[str, object]) -> ModelActivated:
    from streams.learning.promotion import decision

    day = how["day"]
    newest = found.newest_learned
    if isinstance(day, dt.datetime):
        on = day.date()
    else:
        on = newest.learned_through if newest else dt.date.fromordinal(max(weights.as_of, 1))
    who = {DECIDED_BY: str(how["decided_by"]), REASON: str(how["reason"])}
    return decision(weights, activation, who, dt.datetime.now(dt.UTC), on)
