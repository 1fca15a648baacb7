"""What a worker says about itself: metrics, health, logs. Knows no Kafka and no domain; never changes what is decided."""
