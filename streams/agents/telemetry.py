"""Puts an agent's telemetry together: its watch, its page, its sampler, and the form of its log lines."""

from __future__ import annotations

import logging.config
import time
from pathlib import Path

from streams.agents.measure import Meter
from streams.agents.sampling import Sampler
from streams.engine.errors import Misconfigured
from streams.engine.processor import Processor
from streams.settings import Settings
from streams.telemetry import exposition, logs, metrics, server
from streams.telemetry.front import Front
from streams.telemetry.server import Answer, Pages, said, text


def log_config(settings: Settings, agent: str) -> dict[str, object]:
    """How this process logs, for Faust, which sets logging up by itself."""
    return logs.config(settings.log_format, settings.log_level, agent=agent, instance=settings.instance)


def log_as(settings: Settings, agent: str) -> None:
    """Log so from here on."""
    logging.config.dictConfig(log_config(settings, agent))


def _pages(meter: Meter) -> Pages:
    def page() -> Answer:
        metrics.READY.set(meter.health.ready(time.monotonic()).ok)
        return text(exposition.render(metrics.REGISTRY, meter.agent))

    def live() -> Answer:
        verdict = meter.health.live(time.monotonic())
        return said(ok=verdict.ok, reason=verdict.reason)

    def ready() -> Answer:
        verdict = meter.health.ready(time.monotonic())
        return said(ok=verdict.ok, reason=verdict.reason)

    return {"/metrics": page, "/live": live, "/ready": ready}


def serve(settings: Settings, meter: Meter, processor: Processor, socket: Path | None) -> None:
    """Serve this agent's page for the rest of the process: on the supervisor's socket, else on the port.

    Raises:
        Misconfigured: the port is taken.
    """
    metrics.begin(meter.agent)
    if socket is not None:
        server.listen_at(socket, _pages(meter))
    else:
        try:
            server.listen(settings.metrics_host, settings.metrics_port, _pages(meter))
        except OSError as error:
            raise _taken(settings, error) from error
    Sampler(settings, meter, processor).start()


def front(settings: Settings, agents: list[str]) -> Front | None:
    """The supervisor's page, if a port is set.

    Raises:
        Misconfigured: the port is taken.
    """
    if not settings.metrics_port:
        return None
    try:
        return Front(agents, settings.metrics_host, settings.metrics_port)
    except OSError as error:
        raise _taken(settings, error) from error


def _taken(settings: Settings, error: OSError) -> Misconfigured:
    return Misconfigured(
        f"Metrics cannot be served on {settings.metrics_host}:{settings.metrics_port}: {error.strerror}. "
        "Set FOREWARN_METRICS_PORT to a free port, or to 0 to serve none."
    )
