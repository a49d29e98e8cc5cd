"""The Kafka shell: consumers and producers around the pure path."""
