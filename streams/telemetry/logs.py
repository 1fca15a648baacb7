"""Log lines for people or, one JSON object a line, for machines; the same words in both.

Levels: DEBUG for developers; INFO what is normal and worth knowing (an assignment, a restore, a stop); WARNING what mends
itself (a fence, a restart); ERROR what ended a process or needs a person. Records are never logged: a refused one is a
dead letter, and `forewarn trace` follows any event.
Every JSON line carries agent, instance and `run`, a fresh id of the process, so what belongs together is found together.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import secrets
import sys
from typing import Any

#: What logging itself puts on a record; all else came with `extra` and is shown.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_NOISY = ("faust", "aiokafka", "mode", "asyncio")


class JsonLines(logging.Formatter):
    """One object a line: time (UTC), level, logger, message, who, and the fields given as `extra`."""

    def __init__(self, **who: str) -> None:
        super().__init__()
        self._who = who

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said: dict[str, Any] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **self._who,
            **{name: value for name, value in vars(record).items() if name not in _OWN},
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, default=str, ensure_ascii=False)


class Lines(logging.Formatter):
    """`forewarn assess: …`, with the level where it is not INFO."""

    def __init__(self, **who: str) -> None:
        super().__init__()
        self._name = who.get("agent", "")

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        fields = [f"{name}={value}" for name, value in vars(record).items() if name not in _OWN]
        line = f"forewarn {self._name}: {level}{record.getMessage()}" + (f" ({', '.join(fields)})" if fields else "")
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def config(form: str, level: str, **who: str) -> dict[str, Any]:
    """A `logging.config.dictConfig`: everything to stderr, in one form. Libraries speak from WARNING on, Faust from ERROR.

    Args:
        form: `human` or `json`.
        level: of Forewarn's own loggers.
        who: what every line says of its process.
    """
    formatter = JsonLines if form == "json" else Lines
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter, **who, "run": secrets.token_hex(4)}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "stream": sys.stderr}},
        "loggers": {"forewarn": {"level": level}, **{name: {"level": "ERROR"} for name in _NOISY}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
    }
