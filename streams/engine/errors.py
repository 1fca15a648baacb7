"""What can go wrong in the engine, by what the operator or the supervisor should do about it.

EngineError
├── Misconfigured        stop and say what to fix; restarting changes nothing
│   └── InstanceTaken    another worker with the same instance name has taken over
├── Fenced               the group moved on: drop the state and wait for the next assignment
└── Inconsistent         an audit fired or the outcome is unknown: exit, restart, restore from the log
"""

from __future__ import annotations


class EngineError(Exception):
    """Base of all engine errors."""


class Misconfigured(EngineError):
    """A setting, topic, credential or permission is wrong; the text says which and how to mend it."""


class InstanceTaken(Misconfigured):
    """Another worker started with the same instance name: give each worker its own `--instance`."""


class Fenced(EngineError):
    """The consumer group has moved to another generation; this batch was aborted and will be read again."""


class Inconsistent(EngineError):
    """What was read does not continue what was folded, or a transaction's outcome is unknown."""
