"""Event files: JSON Lines of events exactly as they stand on the topics. Read, replayed into Kafka, or folded without it."""
