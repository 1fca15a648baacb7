"""The proof's own entry point of a worker: the product's parts, put together with a saboteur in between.

Some faults cannot be hit from outside (dying between two calls of one commit), and some must not exist in the product
at all (an engine that does not fence). Both are made here, around the product's own classes, and nowhere else.

    python -m streams.sandbox.proof.worker [options] AGENT
"""

from __future__ import annotations

from pathlib import Path

import click

from streams.agents.groups import AGENTS, build, group_of
from streams.engine import process
from streams.engine.errors import EngineError
from streams.sandbox.proof import sabotage
from streams.settings import load


@click.command()
@click.argument("agent", type=click.Choice(AGENTS))
@click.option("--die-in-commit", type=float, default=0.0, help="Kill itself at each step of a commit, so likely.")
@click.option("--queue-records", type=int, default=0, help="Capacity of the producer's queue; 0: the product's.")
@click.option(
    "--freeze-at", type=click.Choice(sabotage.STEPS), help="Stop itself (SIGSTOP) once, at this step of a commit."
)
@click.option("--stall-s", type=float, default=0.0, help="Sleep once, before a commit, with the group's life going on.")
@click.option("--after-commits", type=int, default=3, help="Freeze or stall at the commit of this number.")
@click.option(
    "--mutation", type=click.Choice(sabotage.MUTATIONS), help="Break the engine, to see that the proof is red."
)
@click.option(
    "--once", type=click.Path(path_type=Path), help="A file that is made when the fault was done: never again."
)
@click.option("--seed", type=int, default=0)
def main(agent: str, **options: object) -> None:
    """Run one agent with these faults."""
    settings = load()
    plan = sabotage.Plan(**options)  # type: ignore[arg-type]  # click's own names
    sabotage.install(plan)
    try:
        processor = build(agent, settings)
    except EngineError as error:
        process.die(error)
        return
    process.run(settings, group_of(agent, settings), plan.wrapped(processor))


if __name__ == "__main__":
    main()
