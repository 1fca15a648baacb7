"""Who is compared: what each promises, how it is set, and which programs it is."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

_CLIENT = "batches of 4,000 records, linger 5 ms, 512 KiB, lz4"
_PEER = "streams.sandbox.bench.peers."


class Contender(Struct, frozen=True, kw_only=True):
    """One of them.

    Attributes:
        name: for programs.
        title: for people.
        guarantee: what survives a crash, in one line.
        settings: that matter for speed.
        ticks: what a business date does.
        agents: the product's agents that run, each as often as listed.
        timed: of those, the agents that are the work itself; the others run beside it and are told apart.
        program: module of a peer; empty for the product.
        reads: what is there before it starts.
        packages: of which the version is told, as they are named on an index.
        own_environment: its packages cannot live beside the product's.
    """

    name: str
    title: str
    guarantee: str
    settings: str
    ticks: str = "wakes every row that asked for the day"
    agents: tuple[str, ...] = ()
    timed: tuple[str, ...] = ("assess",)
    program: str = ""
    reads: Literal["journal", "inputs"] = "journal"
    packages: tuple[str, ...] = ("confluent-kafka",)
    own_environment: bool = False


_EXACTLY_ONCE = "exactly once: rows, outputs and offsets in one Kafka transaction; a zombie is fenced; order audited"
_TABLES = "at least once: table, outputs and offsets one by one, so a crash repeats outputs and may fold twice"
_NO_TICKS = "wakes nothing: a state is its key's alone, so a row advances at its own next event"
_FAUST_SETTINGS = "commit each 1 s, linger 5 ms, 512 KiB, lz4, buffer of 10,000, memory store with changelog"
_FAUST = ("faust-streaming", "aiokafka")

CONTENDERS = (
    Contender(
        name="forewarn_1",
        title="Forewarn, 1 worker",
        guarantee=_EXACTLY_ONCE,
        settings=_CLIENT,
        agents=("assess", "learn"),
        packages=(*_FAUST, "confluent-kafka"),
    ),
    Contender(
        name="forewarn_2",
        title="Forewarn, 2 workers",
        guarantee=_EXACTLY_ONCE,
        settings=_CLIENT,
        agents=("assess", "assess", "learn"),
        packages=(*_FAUST, "confluent-kafka"),
    ),
    Contender(
        name="assess",
        title="  assess alone",
        guarantee=_EXACTLY_ONCE,
        settings=_CLIENT,
        agents=("assess",),
        packages=(*_FAUST, "confluent-kafka"),
    ),
    Contender(
        name="sequence",
        title="  sequence alone",
        guarantee=_EXACTLY_ONCE,
        settings=_CLIENT,
        ticks="held until all before it is journaled",
        agents=("sequence",),
        timed=("sequence",),
        reads="inputs",
        packages=(*_FAUST, "confluent-kafka"),
    ),
    Contender(
        name="pipeline",
        title="  sequence, assess and learn together",
        guarantee=_EXACTLY_ONCE,
        settings=_CLIENT,
        ticks="held until all before it is journaled, then wakes every row that asked for the day",
        agents=("sequence", "assess", "learn"),
        timed=("sequence", "assess"),
        reads="inputs",
        packages=(*_FAUST, "confluent-kafka"),
    ),
    Contender(
        name="faust_pickled",
        title="Faust, a pickled River model a borrower",
        guarantee=_TABLES,
        settings=_FAUST_SETTINGS,
        program=_PEER + "faust_pickled",
        packages=_FAUST,
    ),
    Contender(
        name="faust_table",
        title="Faust, Table of the product's rows",
        guarantee=_TABLES,
        settings=_FAUST_SETTINGS,
        agents=("learn",),
        program=_PEER + "faust_table",
        packages=_FAUST,
    ),
    Contender(
        name="quix",
        title="Quix Streams, exactly once, with state",
        guarantee="exactly once: changelog, outputs and offsets in one Kafka transaction",
        settings="commit each 4,000 records or 1 s, linger 5 ms, 512 KiB, lz4, RocksDB",
        ticks=_NO_TICKS,
        program=_PEER + "quix",
        packages=("quixstreams", "confluent-kafka"),
        own_environment=True,
    ),
    Contender(
        name="bytewax",
        title="Bytewax, with recovery",
        guarantee="at least once: outputs before the snapshot; state on the local disk only",
        settings="batches of 4,000 records, snapshot each 1 s to SQLite, linger 5 ms, lz4",
        ticks=_NO_TICKS,
        program=_PEER + "bytewax_flow",
        packages=("bytewax", "confluent-kafka"),
    ),
    Contender(
        name="bare",
        title="The bare loop, in transactions",
        guarantee="exactly once while nothing moves: no restore, no audit, no dead letters",
        settings=_CLIENT + "; commit in line",
        agents=("learn",),
        program=_PEER + "bare",
    ),
    Contender(
        name="fold",
        title="The fold alone, no Kafka",
        guarantee="none: nothing is durable",
        settings="batches of 4,000 records",
        program=_PEER + "fold",
        packages=("msgspec",),
    ),
)
BY_NAME = {contender.name: contender for contender in CONTENDERS}
