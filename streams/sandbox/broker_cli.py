"""The commands `forewarn broker up`, `down` and `status`: text for a person, or JSON for a program."""

from pathlib import Path

import click
import msgspec

from streams.sandbox import broker_detached
from streams.sandbox.broker_detached import DEFAULT_PORT, DEFAULT_STATE_DIRECTORY, Running
from streams.sandbox.broker_errors import BrokerError
from streams.sandbox.broker_jars import KAFKA_VERSION
from streams.sandbox.broker_warmup import warm_up

EXIT_NOT_RUNNING = 3
"""Exit code of `status` when no broker runs, as `systemctl status` has it."""

_state_option = click.option(
    "--state-dir",
    "state",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_STATE_DIRECTORY,
    envvar="FOREWARN_STATE_DIR",
    show_default=True,
    show_envvar=True,
    help="Where the broker keeps its data and is remembered.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(epilog="Example: forewarn broker up")
def broker() -> None:
    """Run a real Apache Kafka on this machine, with nothing to install."""


@broker.command(epilog="Example: forewarn broker up --port 0")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port on 127.0.0.1; 0 picks a free one.",
)
@_state_option
@_json_option
def up(port: int, state: Path, as_json: bool) -> None:
    """Start the broker and leave it running."""
    try:
        running, is_new = broker_detached.up(state, port, _say)
    except BrokerError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        _print_json({"running": True, "started_now": is_new, **_facts(running)})
        return
    click.echo(f"{'Kafka is ready' if is_new else 'Kafka was running already'}: {running.bootstrap}")
    click.echo(f"  process {running.pid}, data and logs in {running.directory}")


@broker.command(epilog="Example: forewarn broker down --wipe")
@click.option("--wipe", is_flag=True, help="Also remove the broker's data: all topics and everything in them.")
@_state_option
@_json_option
def down(wipe: bool, state: Path, as_json: bool) -> None:
    """Stop the broker. Its data stays for the next `up`, unless wiped."""
    try:
        ended = broker_detached.down(state, wipe=wipe)
    except BrokerError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        _print_json({"running": False, "stopped_now": ended is not None, "wiped": wipe})
        return
    click.echo(f"Kafka on {ended.bootstrap} is stopped." if ended is not None else "No broker was running.")
    if wipe:
        click.echo("Its data is removed.")


@broker.command(epilog="Example: forewarn broker status")
@_state_option
@_json_option
@click.pass_context
def status(context: click.Context, state: Path, as_json: bool) -> None:
    """Say whether the broker runs. Exits with 3 if it does not."""
    running = broker_detached.status(state)
    serving = running is not None and running.is_serving()
    if as_json:
        _print_json({"running": running is not None, "serving": serving, **(_facts(running) if running else {})})
    elif running is None:
        click.echo("No broker is running. Start one with: forewarn broker up")
    else:
        how = "running and answering" if serving else "running, but it does not answer (paused or very busy)"
        click.echo(f"Kafka {running.kafka} on {running.bootstrap} is {how}.")
        click.echo(f"  process {running.pid}, data and logs in {running.directory}")
    if running is None:
        context.exit(EXIT_NOT_RUNNING)


@broker.command("fetch", short_help="Fetch Kafka now and warm it up.", epilog="Example: forewarn broker fetch")
def fetch_command() -> None:
    """Fetch Kafka now and warm it up, so that the first start does not have to."""
    try:
        is_quick = warm_up(_say)
    except BrokerError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Apache Kafka {KAFKA_VERSION} and its Java runtime are on this machine.")
    if not is_quick:
        click.echo("The warm-up did not succeed: each start takes a few seconds more, and all else is as it should be.")


def _facts(running: Running) -> dict[str, object]:
    return {name: value for name, value in msgspec.structs.asdict(running).items() if name != "internal_port"}


def _print_json(facts: dict[str, object]) -> None:
    click.echo(msgspec.json.encode(facts))


def _say(line: str) -> None:
    """Progress goes to standard error: standard output is the result."""
    click.echo(f"{line} …", err=True)


if __name__ == "__main__":
    broker()
