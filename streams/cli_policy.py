"""Commands about conduct: check a policy pack or plan, and ask the conduct gate about one action, in words.

The shell around `streams.collections`: reads files, parses options, prints. Decides nothing.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from importlib.resources import files
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from streams.collections.choice import MeasureScores
from streams.collections.explain import explain
from streams.collections.facts import NO_FACTS, Facts
from streams.collections.fold import apply
from streams.collections.gate import evaluate
from streams.collections.packs import Pack, PolicyError, load_pack
from streams.collections.plans import Plan, load_plan
from streams.collections.policies import load_scores
from streams.collections.rules.base import Action
from streams.collections.terms import ActionKind, Actor, Content, Disclosure, Party, Purpose, Verdict
from streams.commands.context import with_settings
from streams.commands.measures import measures
from streams.events.contacts import ContactTopicEvent
from streams.settings import Settings

#: Name of a table of scores that a person activates, unless they give it another.
SCORES_NAME = "own"
#: A script can act on the answer: 0 allowed, 3 deferred, 4 denied (1 and 2 are click's own failures).
EXIT_CODES = {Verdict.ALLOW: 0, Verdict.DEFER: 3, Verdict.DENY: 4}


def shipped(folder: str) -> dict[str, bytes]:
    """The packs or plans that come with Forewarn, by file name without its ending.

    Args:
        folder: `packs` or `plans`.
    """
    found = [item for item in files("streams.collections").joinpath(folder).iterdir() if item.name.endswith(".toml")]
    return {item.name.removesuffix(".toml"): item.read_bytes() for item in sorted(found, key=lambda item: item.name)}


def read_pack(name: str) -> Pack:
    """A pack by the path of its file, or by the name of one that comes with Forewarn.

    Raises:
        click.ClickException: there is no such file, or it was refused; the message says what to change.
    """
    return _load_pack(*_text(name, "packs"))


def _text(name: str, folder: str) -> tuple[bytes, str]:
    path = Path(name)
    if path.is_file():
        return path.read_bytes(), path.name
    texts = shipped(folder)
    matching = [known for known in texts if name in {known, known.rpartition("-")[0]}]
    if not matching:
        raise click.ClickException(f"There is no file {name}, and none of that name is shipped: {', '.join(texts)}.")
    return texts[matching[-1]], matching[-1]


def _load_pack(text: bytes, name: str) -> Pack:
    try:
        return load_pack(text, name)
    except PolicyError as error:
        raise click.ClickException(_refusal(error)) from error


def _load_plan(text: bytes, name: str) -> Plan:
    try:
        return load_plan(text, name).plan
    except PolicyError as error:
        raise click.ClickException(_refusal(error)) from error


def _load_scores(text: bytes, name: str) -> MeasureScores:
    try:
        return load_scores(text.decode("utf-8", "replace"), name)
    except PolicyError as error:
        raise click.ClickException(_refusal(error)) from error


def _refusal(error: PolicyError) -> str:
    count = len(error.problems)
    return f"{error.name} is refused; correct {count} problem{'s' if count > 1 else ''}:\n" + "\n".join(
        f"  {problem}" for problem in error.problems
    )


@click.group()
def policy() -> None:
    """Policy packs (what conduct rules allow) and plans (which measure comes when)."""


@policy.command(name="list", epilog="Example: forewarn policy list")
def list_shipped() -> None:
    """Show the packs and plans that come with Forewarn."""
    for folder in ("packs", "plans"):
        for name in shipped(folder):
            click.echo(f"{folder.removesuffix('s')}  {name}")


@policy.command(
    short_help="Check packs or plans and show what they say.", epilog="Example: forewarn policy check cn-2026.1"
)
@click.argument("names", metavar="FILE...", nargs=-1, required=True)
def check(names: tuple[str, ...]) -> None:
    """Check pack or plan FILEs, or shipped ones by name, and show what they say."""
    for name in names:
        text, label = _text(name, "plans" if name.startswith("installment") else "packs")
        if _is_plan(text):
            _show_plan(_load_plan(text, label), label)
        else:
            _show_pack(_load_pack(text, label), label)


def _is_plan(text: bytes) -> bool:
    try:
        return "plan" in tomllib.loads(text.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False  # load_pack says what is wrong with it


def _show_pack(pack: Pack, label: str) -> None:
    table = Table("rule", "kind", "on", "trust", "source", title=f"{label}: {pack.label} ({pack.file.jurisdiction})")
    for rule in pack.file.rules:
        table.add_row(rule.id, rule.kind, "on" if rule.is_on else "off", rule.trust, rule.source)
    Console().print(table)
    on = sum(rule.is_on for rule in pack.file.rules)
    click.echo(f"{label} is a valid policy pack: {on} of {len(pack.file.rules)} rules on. SHA-256 {pack.digest}")


def _show_plan(plan: Plan, label: str) -> None:
    table = Table("stage", "measures", "from day", "priority", title=f"{label}: {plan.label}")
    for step in plan.stages:
        kinds = ", ".join(measure.kind for measure in step.measures)
        day = min(condition.days_past_due_at_least for condition in step.when)
        table.add_row(step.stage, kinds, str(day), str(step.priority))
    Console().print(table)
    click.echo(f"{label} is a valid plan for {', '.join(plan.products)}: {len(plan.stages)} stages.")


class InstantType(click.ParamType):
    """An ISO 8601 instant with its UTC offset."""

    name = "instant"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        """The aware datetime, or click's complaint."""
        try:
            instant = dt.datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value} is not an ISO 8601 instant, for example 2026-03-01T21:30:00+08:00", param, ctx)
        if instant.utcoffset() is None:
            self.fail(
                f"{value} has no UTC offset, so nobody can say when it is; add one, for example +08:00", param, ctx
            )
        return instant


@policy.command(
    short_help="Have a pack, plan or table of scores hold from here on.",
    epilog="Example: forewarn policy activate cn-2026.1",
)
@click.argument("name", metavar="FILE")
@click.option("--name", "activated_as", help="In whose place; default the name that the pack or plan gives itself.")
@click.option("--at", type=InstantType(), help="When, for a file that is replayed; default now.")
@click.option("--print", "only_print", is_flag=True, help="Print the event for an event file; send nothing.")
@with_settings
def activate(
    settings: Settings, *, name: str, activated_as: str | None, at: dt.datetime | None, only_print: bool
) -> None:
    """Have a pack, plan or table of scores FILE, or a shipped pack or plan by name, hold from here on.

    It is checked, then published on topic controls; every decision after its place in the journal uses it. A pack adds
    to those in force, and the strictest wins; the same name again replaces. A plan for every product (*) takes the place of the
    one that comes with Forewarn. A table of scores (JSON) is used instead of what was learned, until it is withdrawn.
    """
    text, label = _text(name, "plans" if name.startswith("installment") else "packs")
    if text.lstrip().startswith(b"{"):
        kind, own, version = "scores", SCORES_NAME, _load_scores(text, label).version
    elif _is_plan(text):
        kind, plan = "plan", _load_plan(text, label)
        own, version = plan.plan, plan.version
    else:
        kind, pack = "pack", _load_pack(text, label)
        own, version = pack.file.pack, pack.file.version
    _send(settings, kind, activated_as or own, version, text.decode(), at, only_print=only_print)


@policy.command(
    short_help="Have a pack, plan or table of scores no longer hold.",
    epilog="Example: forewarn policy withdraw pack cn",
)
@click.argument("kind", type=click.Choice(["pack", "plan", "scores"]))
@click.argument("name")
@click.option("--at", type=InstantType(), help="When, for a file that is replayed; default now.")
@click.option("--print", "only_print", is_flag=True, help="Print the event for an event file; send nothing.")
@with_settings
def withdraw(settings: Settings, *, kind: str, name: str, at: dt.datetime | None, only_print: bool) -> None:
    """Have the pack, plan or table of scores NAME no longer hold. Without any pack the gate allows nothing."""
    _send(settings, kind, name, "", "", at, only_print=only_print)


def _send(
    settings: Settings, kind: str, name: str, version: str, text: str, at: dt.datetime | None, *, only_print: bool
) -> None:
    from streams.commands import conduct  # noqa: PLC0415 - Kafka is slow to import, and only these commands need it

    event = conduct.activation(kind, name, version, text, at or dt.datetime.now(dt.UTC))
    if only_print:
        click.echo(msgspec.json.encode(event))
        return
    conduct.publish(settings, event)
    said = f"{version} is sent" if text else "is sent to be withdrawn"
    click.echo(
        f"{kind} {name} {said}; it holds from its place in the journal on. If refused, see `forewarn dead-letters`."
    )


def read_facts(path: Path, borrower_id: str) -> Facts:
    """Facts about a borrower from a file of contact events, a JSON array or one a line, as on topic `contacts`.

    Raises:
        click.ClickException: an event is not valid; the message says where and why.
    """
    text = path.read_bytes()
    try:
        if text.lstrip().startswith(b"["):
            events = msgspec.json.decode(text, type=list[ContactTopicEvent])
        else:
            events = msgspec.json.Decoder(ContactTopicEvent).decode_lines(text)
    except msgspec.DecodeError as error:
        raise click.ClickException(f"{path}: not contact events as on topic contacts: {error}") from error
    facts = NO_FACTS
    for event in events:
        if event.borrower_id == borrower_id:
            facts = apply(facts, event)
    return facts


@click.command(epilog="Example: forewarn gate --borrower c-7f3a --action CALL --at 2026-03-04T18:30:00+08:00")
@click.option("--borrower", required=True, help="Borrower id.")
@click.option("--action", "kind", required=True, type=click.Choice(list(ActionKind)), help="What is to be done.")
@click.option("--at", required=True, type=InstantType(), help="When, with a UTC offset.")
@click.option(
    "--pack", "packs", multiple=True, help="Policy pack: a file or a shipped name; repeatable. Default: those in force."
)
@click.option(
    "--facts",
    "facts_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What has happened: contact events as on topic contacts, a JSON array or one a line. Default: what is on file.",
)
@click.option("--no-facts", is_flag=True, help="Nothing has happened: do not ask what is on file.")
@click.option("--action-id", default="", help="The proposal carried out: the place it holds does not count against it.")
@click.option("--loan", "loan_id", default="", help="Which debt; left out asks for all of them.")
@click.option("--contact-point", "contact_point_id", default="", help="Which telephone or address.")
@click.option("--actor", type=click.Choice(list(Actor)), default=Actor.HUMAN, show_default=True)
@click.option("--party", type=click.Choice(list(Party)), default=Party.DEBTOR, show_default=True)
@click.option("--purpose", type=click.Choice(list(Purpose)), default=Purpose.COLLECT, show_default=True)
@click.option("--staff", "staff_count", type=click.IntRange(1), default=1, show_default=True, help="People on a visit.")
@click.option("--disclosure", "disclosures", type=click.Choice(list(Disclosure)), multiple=True, help="Repeatable.")
@click.option("--content", type=click.Choice(list(Content)), multiple=True, help="Repeatable.")
@click.option(
    "--record", is_flag=True, help="Keep the answer: send it to topic contacts, and so into the evidence log."
)
@with_settings
def gate(
    settings: Settings,
    *,
    borrower: str,
    at: dt.datetime,
    packs: tuple[str, ...],
    facts_file: Path | None,
    no_facts: bool,
    record: bool,
    **asked: object,
) -> None:
    """Ask the conduct gate about one action and explain the answer, rule by rule.

    It asks the running system what is on file about the borrower and which packs are in force, unless both are given.
    Exits with 0 when allowed, 3 when deferred, 4 when denied.
    """
    facts, loaded = _asked(settings, borrower, packs, facts_file, no_facts=no_facts)
    action = msgspec.convert(asked, Action)
    decision = evaluate(action, facts, loaded, at)
    candidates = tuple(dict.fromkeys(zone for pack in loaded for zone in pack.file.zones))
    for sentence in explain(decision, loaded, facts.zones or (candidates if len(candidates) == 1 else ())):
        click.echo(sentence)
    if record:
        from streams.commands import conduct  # noqa: PLC0415 - as below

        conduct.record(settings, conduct.consultation(borrower, action, decision, dt.datetime.now(dt.UTC)))
    click.get_current_context().exit(EXIT_CODES[decision.verdict])


def _asked(
    settings: Settings, borrower_id: str, packs: tuple[str, ...], facts_file: Path | None, *, no_facts: bool
) -> tuple[Facts, list[Pack]]:
    """Facts and packs as given; what is not given, as the running system has it."""
    facts = read_facts(facts_file, borrower_id) if facts_file else NO_FACTS if no_facts else None
    loaded = [read_pack(name) for name in packs]
    if facts is not None and loaded:
        return facts, loaded
    from streams.commands import conduct  # noqa: PLC0415 - Kafka is slow to import, and not needed for given facts

    found, policies = conduct.on_file(settings, borrower_id)
    return found if facts is None else facts, loaded or list(policies.packs)


policy.add_command(measures)
