"""`forewarn topics`: make Forewarn's topics on a cluster, show them, and say what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from streams.commands.context import with_settings
from streams.commands.options import json_option
from streams.commands.printing import print_json, print_table
from streams.engine import topics_admin
from streams.engine.topics_found import found, kept
from streams.topics import TOPICS

if TYPE_CHECKING:
    from streams.settings import Settings

_DAY_MS = 86_400_000


@click.group(epilog="Example: forewarn topics create && forewarn topics check")
def topics() -> None:
    """Create, describe and check Forewarn's topics."""


@topics.command(
    short_help="Create what is missing.",
    epilog="Example: FOREWARN_PARTITIONS=12 FOREWARN_REPLICATION=3 forewarn topics create",
)
@json_option
@with_settings
def create(settings: Settings, *, as_json: bool) -> None:
    """Create the topics that do not exist yet; leave the others as they are.

    FOREWARN_PARTITIONS and FOREWARN_REPLICATION say how many of each. The number of partitions of journal and state
    cannot be changed later.
    """
    found(settings)  # says within seconds if nothing answers
    created = topics_admin.create(settings)
    if as_json:
        print_json({"created": created, "existed": len(TOPICS) - len(created)})
        return
    for name in created:
        click.echo(f"created {name}")
    click.echo(f"{len(created)} topics created, {len(TOPICS) - len(created)} existed, at {settings.bootstrap}.")


@topics.command(short_help="Show every topic.", epilog="Example: forewarn topics describe --json")
@json_option
@with_settings
def describe(settings: Settings, *, as_json: bool) -> None:
    """Show every topic: who writes it, its partitions and replicas, how long Kafka keeps it, and what it is for.

    In the table, `in` is written by the lender, `out` is for the lender to read, `internal` is Forewarn's own.
    """
    there = found(settings)
    configs = kept(settings, list(there))
    rows = [
        {
            "topic": settings.topic_prefix + topic.name,
            "exists": topic.name in there,
            "direction": topic.direction,
            "partitions": there[topic.name].partitions if topic.name in there else 0,
            "replication": there[topic.name].replication if topic.name in there else 0,
            "policy": policy(configs.get(topic.name, topic.config)),
            "purpose": topic.purpose,
        }
        for topic in TOPICS
    ]
    if as_json:
        print_json(rows)
        return
    columns = ("topic", "direction", "partitions", "replication", "policy", "purpose")
    shown = [
        [str(row[c]) if row["exists"] or c not in ("partitions", "replication") else "none" for c in columns]
        for row in rows
    ]
    print_table(columns, shown, right=("partitions", "replication"))
    if missing := sum(not row["exists"] for row in rows):
        click.echo(f"{missing} topics do not exist: `forewarn topics create` makes them.", err=True)


@topics.command(short_help="Say what is wrong.", epilog="Example: forewarn topics check || forewarn topics create")
@json_option
@with_settings
@click.pass_context
def check(context: click.Context, settings: Settings, *, as_json: bool) -> None:
    """Say what would make a worker wrong or stop on this cluster. Exits with 1 if anything would."""
    found(settings)
    problems = topics_admin.problems(settings)
    if as_json:
        print_json({"ok": not problems, "problems": problems})
    elif problems:
        for problem in problems:
            click.echo(problem)
    else:
        click.echo(f"All {len(TOPICS)} topics at {settings.bootstrap} are right.")
    context.exit(1 if problems else 0)


def policy(config: dict[str, str]) -> str:
    """How Kafka keeps a topic's records, in words."""
    if "compact" in config.get("cleanup.policy", "delete"):
        return "newest per key"
    retention_ms = int(config.get("retention.ms", "-1"))
    if retention_ms < 0:
        return "for ever"
    days, rest = divmod(retention_ms, _DAY_MS)
    return f"{days} days" if days and not rest else f"{retention_ms:,} ms"
