"""The command `forewarn`: finds a command, imports only that one, and turns every expected error into one line."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from streams.commands.failures import explain
from streams.commands.options import bootstrap_option

if TYPE_CHECKING:
    from collections.abc import Sequence


class Entry(NamedTuple):
    """A command: its name, where it is, and its line in the list."""

    name: str
    target: str  # module:attribute
    summary: str


SECTIONS: dict[str, tuple[Entry, ...]] = {
    "See it": (
        Entry("demo", "streams.commands.demo:demo", "Replay real loans on a real Kafka and watch the alerts."),
        Entry("assess", "streams.commands.assess:assess", "Assess event files with no broker at all."),
        Entry(
            "evaluate", "streams.commands.evaluate:evaluate", "Report what scores and alerts were worth on event files."
        ),
        Entry("stress", "streams.commands.stress:stress", "What scenarios would do to the book and its reserve."),
        Entry("dataset", "streams.sandbox.datasets.cli:dataset", "Turn real loan data into event files."),
    ),
    "Run it": (
        Entry("broker", "streams.sandbox.broker_cli:broker", "Start, stop and look at the embedded Kafka."),
        Entry("topics", "streams.commands.topics:topics", "Create, describe and check the topics."),
        Entry("worker", "streams.commands.worker:worker", "Run the agents."),
        Entry("replay", "streams.commands.replay:replay", "Send event files to the topics, paced or flat out."),
        Entry("prove", "streams.commands.prove:prove", "Prove under faults that nothing is lost or comes twice."),
        Entry("bench", "streams.commands.bench:bench", "How fast, beside what else a team might pick."),
        Entry("replay-check", "streams.commands.replay_check:replay_check", "Fold the journal again and compare."),
        Entry("models", "streams.commands.models:models", "List, compare, promote and roll back model versions."),
        Entry("policy", "streams.cli_policy:policy", "Check and activate policy packs and collection plans."),
    ),
    "Look": (
        Entry("console", "streams.commands.console:console", "The alerts, borrowers and the book in a browser."),
        Entry("alerts", "streams.commands.alerts:alerts", "Follow the risk-tier changes, for people or as JSON."),
        Entry("borrower", "streams.commands.borrower:borrower", "One borrower's timeline and present state."),
        Entry("trace", "streams.commands.trace:command", "One event, from input to alert, action and evidence."),
        Entry("gate", "streams.cli_policy:gate", "Ask the conduct gate about one action, and why."),
        Entry("dead-letters", "streams.commands.dead_letters:dead_letters", "List, export and resend refused records."),
        Entry("export", "streams.commands.export:export", "Alerts and states as files that can be compared."),
    ),
    "Prove": (
        Entry(
            "exhibit", "streams.evidence.cli:exhibit", "The evidence about one loan, in a folder that proves itself."
        ),
        Entry("erase", "streams.evidence.cli:erase", "Erase a borrower's personal fields; every proof still holds."),
        Entry("evidence", "streams.evidence.cli:evidence", "Check and sign the evidence log, look after its keys."),
    ),
}
ENTRIES = {entry.name: entry for entries in SECTIONS.values() for entry in entries}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the list."""
        del ctx
        return list(ENTRIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if (entry := ENTRIES.get(cmd_name)) is None:
            return None
        module, _, attribute = entry.target.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion for a name mistyped."""
        if args and args[0] not in ENTRIES and (close := get_close_matches(args[0], ENTRIES, 1)):
            ctx.fail(f"No such command '{args[0]}'. Did you mean '{close[0]}'?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list by section, without importing anything."""
        del ctx
        width = max(map(len, ENTRIES))
        for title, entries in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(entry.name.ljust(width), entry.summary) for entry in entries])

    def main(  # type: ignore[override]  # click overloads this on standalone_mode
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        *,
        standalone_mode: bool = True,
        **extra: Any,  # noqa: ANN401  click's own signature
    ) -> Any:  # noqa: ANN401
        """Run, and exit with one line instead of a traceback for everything that is not a bug."""
        if not standalone_mode:
            return super().main(args, prog_name, standalone_mode=False, **extra)
        try:
            code = super().main(args, prog_name, standalone_mode=False, **extra)
        except Exception as error:
            failure = explain(error)
            if failure is None:
                raise
            if failure.text:
                click.echo(f"forewarn: {failure.text}", err=True)
            sys.exit(failure.code)
        sys.exit(code if isinstance(code, int) else 0)


@click.group(
    "forewarn",
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=(
        "\b\nSettings are environment variables: FOREWARN_BOOTSTRAP points every command at your own cluster,\n"
        "FOREWARN_TOPIC_PREFIX goes before every topic. Example:\n\n"
        "\b\n  FOREWARN_BOOTSTRAP=kafka-1:9092 forewarn alerts --from-start"
    ),
)
@bootstrap_option
@click.version_option(package_name="forewarn", prog_name="forewarn")
@click.pass_context
def main(context: click.Context, bootstrap: str | None) -> None:
    """Forewarn: early warning for installment lenders.

    It reads what happens to loans from Kafka and says early, with reasons and exactly once, when a borrower's risk
    changes.
    """
    context.obj = {"bootstrap": bootstrap}  # for `streams.commands.context`
