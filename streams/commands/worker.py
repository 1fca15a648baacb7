"""`forewarn worker`: run the agents."""

from __future__ import annotations

import sys

import click

AGENTS = ("sequence", "assess", "learn", "portfolio", "preserve")
_NO_EVIDENCE = (
    "no evidence is kept, for there is no signing key. `forewarn evidence keys init` makes one; then set "
    "FOREWARN_EVIDENCE_KEY_FILE."
)


@click.command()
@click.argument("agents", nargs=-1, type=click.Choice(AGENTS), metavar="[AGENT]...")
@click.option("--instance", help="Name of this worker, unique in the cluster (default: the host's name).")
@click.pass_context
def worker(context: click.Context, agents: tuple[str, ...], instance: str | None) -> None:
    """Run the agents: all of them, each in a process that is restarted if it fails, or the named ones.

    One named agent runs in this very process, as a container wants it. Evidence is kept by `preserve`, one worker in
    the cluster: where no signing key is set, it is left out unless named.

    Example: forewarn worker            (everything)
             forewarn worker assess     (one agent, in the foreground)
    """
    import os

    from streams.agents.groups import build, configured, group_of
    from streams.agents.supervise import Supervisor
    from streams.engine.errors import EngineError
    from streams.engine.process import die, run
    from streams.settings import PREFIX, load

    settings = load(instance=instance, bootstrap=(context.obj or {}).get("bootstrap"))
    if len(agents) == 1:
        try:
            processor = build(agents[0], settings)
        except EngineError as error:
            die(error)
        else:
            run(settings, group_of(agents[0], settings), processor)
        return
    environment = dict(os.environ) | {PREFIX + "BOOTSTRAP": settings.bootstrap, PREFIX + "INSTANCE": settings.instance}
    if not agents and not configured(settings):
        agents = tuple(agent for agent in AGENTS if agent != "preserve")
        click.echo(f"forewarn: {_NO_EVIDENCE}", err=True)
    supervisor = Supervisor(
        list(agents or AGENTS), environment, say=lambda line: click.echo(f"forewarn: {line}", err=True)
    )
    click.echo(f"forewarn: {', '.join(agents or AGENTS)} against {settings.bootstrap}; Ctrl-C stops.", err=True)
    sys.exit(supervisor.run())
