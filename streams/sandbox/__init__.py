"""What runs beside Forewarn on one machine: an embedded Kafka broker, data sets, replay, benchmark."""
