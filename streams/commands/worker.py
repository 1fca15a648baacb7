"""`forewarn worker`: run the agents."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from streams.settings import Settings

AGENTS = ("sequence", "assess", "learn", "portfolio", "preserve")
_NO_EVIDENCE = (
    "no evidence is kept, for there is no signing key. `forewarn evidence keys init` makes one; then set "
    "FOREWARN_EVIDENCE_KEY_FILE."
)


@click.command(
    epilog="\b\nExample: forewarn worker            (everything)\n"
    "         forewarn worker assess     (one agent, in the foreground)"
)
@click.argument("agents", nargs=-1, type=click.Choice(AGENTS), metavar="[AGENT]...")
@click.option("--instance", help="Name of this worker, unique in the cluster (default: the host's name).")
@click.option("--metrics-socket", type=click.Path(path_type=Path), hidden=True, help="Set by the supervisor.")
@click.pass_context
def worker(context: click.Context, agents: tuple[str, ...], instance: str | None, metrics_socket: Path | None) -> None:
    """Run the agents: all of them, each in a process that is restarted if it fails, or the named ones.

    One named agent runs in this very process, as a container wants it. Evidence is kept by `preserve`, one worker in
    the cluster: where no signing key is set, it is left out unless named.

    With FOREWARN_METRICS_PORT the worker serves /metrics, /live and /ready there.
    """
    import os

    from streams.agents import telemetry
    from streams.agents.groups import configured
    from streams.agents.supervise import Supervisor
    from streams.settings import PREFIX, load

    settings = load(instance=instance, bootstrap=(context.obj or {}).get("bootstrap"))
    if len(agents) == 1:
        _run_one(agents[0], settings, metrics_socket)
        return
    telemetry.log_as(settings, "worker")
    log = logging.getLogger("forewarn.worker")
    environment = dict(os.environ) | {PREFIX + "BOOTSTRAP": settings.bootstrap, PREFIX + "INSTANCE": settings.instance}
    if not agents and not configured(settings):
        agents = tuple(agent for agent in AGENTS if agent != "preserve")
        log.info(_NO_EVIDENCE)
    chosen = list(agents or AGENTS)
    supervisor = Supervisor(chosen, environment, say=log.warning, front=telemetry.front(settings, chosen))
    log.info("%s against %s; Ctrl-C stops.", ", ".join(chosen), settings.bootstrap)
    sys.exit(supervisor.run())


def _run_one(agent: str, settings: Settings, metrics_socket: Path | None) -> None:
    """One agent in this process. Without a port nothing is measured."""
    from streams.agents import telemetry
    from streams.agents.groups import build, group_of
    from streams.agents.measure import Meter
    from streams.engine.errors import EngineError
    from streams.engine.process import die, run

    watched = bool(settings.metrics_port or metrics_socket)
    telemetry.log_as(settings, agent)
    try:
        if not watched:
            processor, meter = build(agent, settings), None
        else:
            meter = Meter(agent, settings)
            processor = build(agent, settings, meter.count)
            telemetry.serve(settings, meter, processor, metrics_socket)
    except EngineError as error:
        die(error)
    else:
        run(settings, group_of(agent, settings), processor, meter, telemetry.log_config(settings, agent))
