"""One agent, one process: start Faust around the loop, and end the process on anything unexpected.

Exit codes: 0 stopped on request, 78 misconfigured (restarting changes nothing; EX_CONFIG), 70 anything else (restart;
EX_SOFTWARE). Faust may need a minute to stop after a crash, and acknowledges what it should not: so `os._exit`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import faust

from streams.engine import faust_app, groups
from streams.engine.errors import EngineError, Inconsistent, Misconfigured
from streams.engine.processor import Processor
from streams.engine.runtime import Runtime
from streams.engine.watch import Watch
from streams.settings import Settings

log = logging.getLogger("forewarn.engine")

EXIT_CONFIG = 78
EXIT_FAILED = 70
#: A commit under way when a stop is asked for has this long to end.
_DRAIN_S = 10.0


def die(error: BaseException) -> None:
    """End the process now, with one line for a person (and the trace for a bug)."""
    expected = isinstance(error, EngineError)
    code = EXIT_CONFIG if isinstance(error, Misconfigured) else EXIT_FAILED
    what = str(error) if expected else f"unexpected {type(error).__name__}: {error}"
    try:
        if not expected:
            traceback.print_exception(error)
        if logging.root.handlers:
            log.error(what)
        else:
            sys.stderr.write(f"forewarn: {what}\n")
        sys.stderr.flush()
    finally:  # also when the log's disk is full: this process must not go on
        os._exit(code)


def _make_state_directory(settings: Settings) -> None:
    try:
        Path(settings.state_dir).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(
            f"The state directory {settings.state_dir} cannot be made: {error.strerror}. "
            "Set FOREWARN_STATE_DIR to a place where this user may write."
        ) from error


class _Worker(faust.Worker):
    """Faust's, with an end of its own.

    A stop on request waits for the commit under way and for nothing else: Faust's own stop may hang when brokers come
    and go, and has nothing to do for us (a static member does not leave its group, and nothing is kept locally).
    """

    def __init__(self, app: faust.App, runtime: Runtime, **options: Any) -> None:
        super().__init__(app, **options)
        self.spinner = None  # it draws into logs, and fails with a log whose disk is full
        self._runtime = runtime
        self._leaving: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """As Faust's, but what it cannot survive (no broker at the start, say) is one line and not a trace."""
        try:
            await super().start()
        except Exception as error:  # noqa: BLE001  whatever it is, the process must not go on
            die(Inconsistent(f"Faust has ended: {error}"))

    def _schedule_shutdown(self, signal: Any) -> None:
        if self._leaving is None:
            self._leaving = asyncio.ensure_future(self._leave(), loop=self.loop)

    async def _leave(self) -> None:
        try:
            await asyncio.wait_for(self._runtime.stop(), _DRAIN_S)
        except BaseException as error:  # noqa: BLE001  a commit that fails now ends the process as it always does
            die(error)
        sys.stdout.flush()
        os._exit(0)


def run(
    settings: Settings,
    group: str,
    processor: Processor,
    watch: Watch | None = None,
    log_config: dict[str, Any] | None = None,
) -> None:
    """Run the agent until SIGTERM or SIGINT. Does not return.

    Args:
        group: consumer group and base of the transactional id, for example `forewarn.assess`.
        watch: told what the loop does.
        log_config: for `logging.config.dictConfig`; Faust's own if None.
    """
    try:
        groups.self_test()
        faust_app.self_test()
        _make_state_directory(settings)
        runtime = Runtime(settings, group, processor, watch)
    except EngineError as error:
        die(error)
        return

    async def body(worker: faust_app.Worker) -> None:
        try:
            await runtime.run(worker)
        except (asyncio.CancelledError, StopAsyncIteration):  # Faust's two ways to end an agent
            die(Inconsistent(f"{group}: Faust has ended the agent without being asked to"))
        except BaseException as error:  # noqa: BLE001  whatever it is, the process must not go on
            die(error)

    topics = tuple(settings.topic_prefix + name for name in processor.inputs)
    worker = faust_app.Worker(settings, group, topics, body)
    logging.getLogger("faust").setLevel(logging.ERROR)
    _Worker(
        worker.app, runtime, loglevel="WARNING", quiet=True, redirect_stdouts=False, logging_config=log_config
    ).execute_from_commandline()
