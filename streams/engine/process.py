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

import faust

from streams.engine import faust_app, groups
from streams.engine.errors import EngineError, Misconfigured
from streams.engine.processor import Processor
from streams.engine.runtime import Observer, Runtime
from streams.settings import Settings

EXIT_CONFIG = 78
EXIT_FAILED = 70
#: A commit under way when a stop is asked for has this long to end.
_DRAIN_S = 10.0


def die(error: BaseException) -> None:
    """End the process now, with one line for a person (and the trace for a bug)."""
    expected = isinstance(error, EngineError)
    if not expected:
        traceback.print_exception(error)
    code = EXIT_CONFIG if isinstance(error, Misconfigured) else EXIT_FAILED
    what = str(error) if expected else f"unexpected {type(error).__name__}: {error}"
    sys.stderr.write(f"forewarn: {what}\n")
    sys.stderr.flush()
    os._exit(code)


def run(settings: Settings, group: str, processor: Processor, observe: Observer | None = None) -> None:
    """Run the agent until SIGTERM or SIGINT. Does not return on failure.

    Args:
        group: consumer group and base of the transactional id, for example `forewarn.assess`.
    """
    try:
        groups.self_test()
        faust_app.self_test()
        Path(settings.state_dir).mkdir(parents=True, exist_ok=True)
        runtime = Runtime(settings, group, processor, observe)
    except (EngineError, OSError) as error:
        die(error)
        return

    async def body(worker: faust_app.Worker) -> None:
        try:
            await runtime.run(worker)
        except (asyncio.CancelledError, StopAsyncIteration):  # Faust's two ways to say stop
            await asyncio.wait_for(asyncio.shield(runtime.drain()), _DRAIN_S)
        except BaseException as error:  # noqa: BLE001  whatever it is, the process must not go on
            die(error)

    topics = tuple(settings.topic_prefix + name for name in processor.inputs)
    worker = faust_app.Worker(settings, group, topics, body)
    logging.getLogger("faust").setLevel(logging.ERROR)
    faust.Worker(worker.app, loglevel="WARNING", quiet=True, redirect_stdouts=False).execute_from_commandline()
