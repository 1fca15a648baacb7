"""`forewarn policy measures`: what became of the measures chosen over event files, and what other choices would have done."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from streams.commands.options import json_option
from streams.commands.printing import print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.collections.trials import TrialOutcome
    from streams.learning.measures import Estimate

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
#: An estimate that rests on fewer effective observations says little.
EFFECTIVE_MIN = 100


@click.command(
    short_help="Say what became of the measures proposed.", epilog="Example: forewarn policy measures ally.jsonl.gz"
)
@click.argument("files", nargs=-1, required=True, type=_FILE)
@json_option
def measures(files: tuple[Path, ...], *, as_json: bool) -> None:
    """Say what became of the measures proposed over event FILES, and what other choices would have cured.

    Cured means that nothing was overdue within two weeks, carried out or not. The value of a choice that was not made
    is estimated by inverse propensity scoring, and only as good as its effective number of observations.
    """
    from streams.files.assess import assess
    from streams.files.events import read
    from streams.learning.measures import trial_of

    outcomes = [trial_of(told) for told in assess(read(files)).outcomes]
    if not outcomes:
        raise click.ClickException("No measure was proposed whose outcome is known: nothing was overdue long enough.")
    found = _figures(outcomes)
    if as_json:
        print_json(found)
        return
    _print(outcomes, found)


def _figures(outcomes: Sequence[TrialOutcome]) -> dict[str, object]:
    from streams.collections.choice import ANY_SEGMENT
    from streams.learning.measures import MeasureLearner, holdout_effect, ips_estimate

    learner = MeasureLearner()
    for outcome in outcomes:
        learner.learn(outcome)
    tables = learner.scores("now").scores_ppm

    def by_score(segment: str, permitted: tuple[str, ...]) -> str:
        table = tables.get(segment) or tables.get(ANY_SEGMENT, {})
        return max(permitted, key=lambda kind: (table.get(kind, 0), -permitted.index(kind)))

    known = [outcome for outcome in outcomes if outcome.trial.permitted]
    found: dict[str, object] = {
        "outcomes": len(outcomes),
        "cured": sum(outcome.cured for outcome in outcomes),
        "by_plan": _estimate(ips_estimate(known, lambda _segment, permitted: permitted[0])),
        "by_score": _estimate(ips_estimate(known, by_score)),
    }
    try:
        effect = holdout_effect(outcomes)
    except ValueError:
        return found
    return found | {"holdout": {"difference": effect.difference, "standard_error": effect.standard_error}}


def _estimate(estimate: Estimate) -> dict[str, float]:
    return {
        "cure_rate": estimate.self_normalized,
        "standard_error": estimate.self_normalized_error,
        "effective_count": estimate.effective_count,
    }


def _print(outcomes: Sequence[TrialOutcome], found: dict[str, object]) -> None:
    counts: Counter[tuple[str, str, bool]] = Counter()
    for outcome in outcomes:
        counts[outcome.trial.measure, outcome.trial.policy, outcome.cured] += 1
    table = Table("measure", "chosen by", "outcomes", "cured", title="What became of the measures")
    for measure, policy in sorted({(measure, policy) for measure, policy, _ in counts}):
        cured = counts[measure, policy, True]
        total = cured + counts[measure, policy, False]
        table.add_row(measure, policy, f"{total:,}", f"{cured / total:.1%}")
    Console().print(table)
    for name, words in (("by_plan", "In the plan's order"), ("by_score", "By the scores as they are now")):
        said = found[name]
        assert isinstance(said, dict)
        weak = "; too few to say" if said["effective_count"] < EFFECTIVE_MIN else ""
        click.echo(
            f"{words}: {said['cure_rate']:.1%} cured, standard error {said['standard_error']:.1%}, "
            f"worth {said['effective_count']:,.0f} observations{weak}."
        )
    effect = found.get("holdout")
    if isinstance(effect, dict):
        click.echo(
            f"Early reminders cured {effect['difference']:+.1%} (standard error {effect['standard_error']:.1%})."
        )
    else:
        click.echo(
            "No hold-out: holdout_ppm in the plan withholds early reminders from a share, to see what they achieve."
        )
