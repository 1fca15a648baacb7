"""`forewarn dead-letters`: what was refused and why, and the way back for what has been corrected."""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import TYPE_CHECKING, BinaryIO

import click
import msgspec

from streams.commands.context import with_settings
from streams.commands.letters import Corrected, Letter, corrected, letter
from streams.commands.options import json_option
from streams.commands.printing import counted, print_bytes, print_lines
from streams.engine import merging, reading
from streams.engine.sending import Outgoing, send_all
from streams.events.decode import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from streams.commands.printing import Segment
    from streams.settings import Settings

TOPIC = "dead-letters"
#: A burst has one cause: the first lines tell it.
_SAID_MAX = 20
_FIRST_BYTES = 160
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Letter)


@click.group(
    "dead-letters",
    invoke_without_command=True,
    epilog="Example: forewarn dead-letters --code bad_field --limit 10",
)
@click.option("--limit", type=click.IntRange(min=0), default=50, show_default=True, help="The newest N; 0 for all.")
@click.option("--code", help="Only those refused with this code, for example bad_field.")
@json_option
@with_settings
@click.pass_context
def dead_letters(context: click.Context, settings: Settings, *, limit: int, code: str | None, as_json: bool) -> None:
    """List the records that were refused, newest last: where they stood, why, and how they begin.

    A record is refused by the sequencer when it is not a valid event, and later when it contradicts what is known
    (another currency, a key used before with another content). The stream goes on without it.
    """
    if context.invoked_subcommand is not None:
        return
    counts: Counter[str] = Counter()
    newest: deque[Letter] = deque(maxlen=limit or None)
    for found in _letters(settings):
        if code in (None, found.code):
            counts[found.code] += 1
            newest.append(found)
    if as_json:
        print_bytes(map(_encoder.encode, newest))
        return
    print_lines(line for found in newest for line in _summary(found))
    by_code = ", ".join(f"{count:,} {name}" for name, count in counts.most_common())
    shown = f"{len(newest):,} of {counted(counts.total(), 'dead letter')}"
    click.echo(f"{shown}{': ' + by_code if by_code else ''}.", err=True)


@dead_letters.command(short_help="Show one whole.", epilog="Example: forewarn dead-letters show payments 2 1234")
@click.argument("topic")
@click.argument("partition", type=click.IntRange(min=0))
@click.argument("offset", type=click.IntRange(min=0))
@json_option
@with_settings
def show(settings: Settings, *, topic: str, partition: int, offset: int, as_json: bool) -> None:
    """Show one dead letter whole, by where the record stood on its own topic."""
    wanted = (topic.removeprefix(settings.topic_prefix), partition, offset)
    for found in _letters(settings):
        if (found.topic, found.partition, found.offset) == wanted:
            break
    else:
        raise click.ClickException(
            f"No dead letter of {topic}/{partition}@{offset}. `forewarn dead-letters` lists all."
        )
    if as_json:
        print_bytes([_encoder.encode(found)])
        return
    print_lines(_summary(found)[:-1])
    click.echo(f"  key: {_shown(found.key_base64)}")
    click.echo(_whole(found))


@dead_letters.command(
    short_help="Write them to a file to be corrected.",
    epilog="Example: forewarn dead-letters export --out letters.jsonl, correct its lines, then resend letters.jsonl",
)
@click.option("--out", type=click.File("wb", lazy=True), default="-", help="Where to; default standard output.")
@click.option("--code", help="Only those refused with this code.")
@with_settings
def export(settings: Settings, *, out: BinaryIO, code: str | None) -> None:
    """Write the dead letters to a file to be corrected, one JSON object a line, oldest first.

    Correct `value` (an object where it is JSON, else text), `key` or `send_to`. `value_base64` and `key_base64` are the
    bytes as they were refused; leave them.
    """
    count = 0
    for found in _letters(settings):
        if code in (None, found.code):
            out.write(_encoder.encode(found) + b"\n")
            count += 1
    click.echo(f"{counted(count, 'dead letter')} written to {out.name}.", err=True)


@dead_letters.command(
    short_help="Send corrected ones back.", epilog="Example: forewarn dead-letters resend letters.jsonl --dry-run"
)
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Only check the lines; send nothing.")
@click.option("--unchanged", is_flag=True, help="Send lines that nobody changed, too: what they lacked is there now.")
@with_settings
@click.pass_context
def resend(context: click.Context, settings: Settings, *, file: BinaryIO, dry_run: bool, unchanged: bool) -> None:
    """Send corrected records back to their topics, from a file that `export` wrote.

    Each line is checked as the sequencer will check it; what would be refused again is not sent, and said with its
    line. To send a line twice does no harm: the idempotency key drops the repeat. Exits with 1 if a line was refused.
    """
    checked = list(_checked(file))
    good = [line for line in checked if line is not None and (unchanged or not line.unchanged)]
    left = sum(line is not None and line.unchanged for line in checked) if not unchanged else 0
    refused = sum(line is None for line in checked)
    reading.places(settings, {line.topic for line in good})  # says within seconds if they cannot be sent
    sent = 0 if dry_run else send_all(settings, [Outgoing(line.topic, line.key, line.value) for line in good])
    said = f"{len(good)} would be sent" if dry_run else f"{sent} sent"
    if left:
        said += f", {left} left because unchanged (--unchanged sends those, too)"
    click.echo(f"{said}, {refused} refused.")
    context.exit(1 if refused else 0)


def _checked(lines: Iterable[bytes]) -> Iterator[Corrected | None]:
    """Each line's record, or None when it would be refused again (which is said of the first ones)."""
    now_ms, refused = time.time_ns() // 1_000_000, 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield corrected(_decoder.decode(line), now_ms)
            continue
        except Refusal as refusal:
            why = f"{refusal.code}: {refusal.reason}"
        except ValueError as error:  # msgspec's own errors are ValueErrors too
            why = str(error)
        refused += 1
        if refused <= _SAID_MAX:
            click.echo(f"line {number}: {why}", err=True)
        yield None
    if refused > _SAID_MAX:
        click.echo(f"… and {refused - _SAID_MAX} more lines.", err=True)


def _letters(settings: Settings) -> Iterator[Letter]:
    """All dead letters, oldest first."""
    places = reading.places(settings, [TOPIC])
    until = reading.ends(settings, places)
    return map(letter, merging.merged(settings, places, lambda record: record.timestamp_ms, until=until))


def _summary(found: Letter) -> list[list[Segment]]:
    return [
        [(f"{found.refused_at:%Y-%m-%d %H:%M:%S}  ", "dim"), (found.place, "bold"), ("  ", ""), (found.code, "red")],
        [(f"  {_harmless(found.reason)}", "")],
        [(f"  {_shown(found.value_base64)}", "dim")],
    ]


def _shown(data: bytes | None) -> str:
    """The first bytes, on one line."""
    if data is None:
        return "(none)"
    text = _harmless(data[:_FIRST_BYTES].decode("utf-8", "backslashreplace"))
    return text if len(data) <= _FIRST_BYTES else f"{text}… ({len(data):,} bytes)"


def _harmless(text: str) -> str:
    """What is not printable is escaped, so a letter cannot steer the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _whole(found: Letter) -> str:
    if isinstance(found.value, dict):
        return msgspec.json.format(msgspec.json.encode(found.value), indent=2).decode()
    data = found.value_base64 or b""
    return "\n".join(f"  {at:08x}  {data[at : at + 32].hex(' ')}  {_shown(data[at : at + 32])}" for at in _rows(data))


def _rows(data: bytes) -> range:
    return range(0, min(len(data), 4096), 32)
