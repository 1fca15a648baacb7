"""Exactly-once stateful agents: the only package that knows Faust, aiokafka and librdkafka.

Faust owns the process, the group, the partitions and the batches; one librdkafka transaction per drained batch carries
the changed rows, the outputs and the input offsets. Nothing above this package imports a Kafka client.
"""
