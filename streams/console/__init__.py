"""The page of the risk officer: a read model of the topics in a local file, and a small web server that draws it.

Nothing here decides anything and nothing is written to Kafka: what the page shows follows from committed records alone.
"""
