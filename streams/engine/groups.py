r"""Consumer-group metadata as librdkafka wants it in `send_offsets_to_transaction`.

Faust's consumer (aiokafka) is the group's member, librdkafka writes the transaction. The broker accepts the offsets
only if generation, member and instance are those of the living member (KIP-447), which is what fences a zombie.
librdkafka's serialized form: b"CGMDv2:" int32le(generation) group\\0 member\\0 (\\1 | \\0 instance\\0).
"""

from __future__ import annotations

from confluent_kafka import Consumer

from streams.engine.errors import Misconfigured


def metadata(group: str, generation: int, member: str, instance: str | None) -> bytes:
    """Serialize the identity of one generation's member."""
    tail = b"\x01" if instance is None else b"\x00" + instance.encode() + b"\x00"
    return (
        b"CGMDv2:"
        + generation.to_bytes(4, "little", signed=True)
        + group.encode()
        + b"\0"
        + member.encode()
        + b"\0"
        + tail
    )


def self_test() -> None:
    """Compare with what the installed librdkafka itself produces.

    Raises:
        Misconfigured: the installed confluent-kafka uses another form.
    """
    for instance in (None, "i-1"):
        config: dict[str, str | int] = {"group.id": "g-1", "bootstrap.servers": "127.0.0.1:1", "log_level": 0}
        if instance:
            config["group.instance.id"] = instance
        consumer = Consumer(config)
        try:
            theirs = consumer.consumer_group_metadata()
        finally:
            consumer.close()
        if theirs != metadata("g-1", -1, "", instance):
            raise Misconfigured("The installed confluent-kafka changed its group metadata: install the locked version.")
