"""Publishing: every event of every tenant onto a bus of the operator: Kafka, NATS JetStream, Redis or Valkey streams."""
