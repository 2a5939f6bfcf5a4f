"""The publisher of an address. Each bus has a client of its own, which is an extra and is loaded where it is wanted."""

from twh_server.publishing.addresses import BusAddress
from twh_server.publishing.publisher import Publisher


def publisher_at(address: BusAddress) -> Publisher:
    """The publisher of an address, not yet open. Raises ValueError for options that cannot be, ImportError without its extra."""
    match address.bus:
        case "kafka":
            from twh_server.publishing.kafka import KafkaPublisher

            return KafkaPublisher(address)
        case "nats":
            from twh_server.publishing.nats import NatsPublisher

            return NatsPublisher(address)
        case "redis":
            from twh_server.publishing.redis import RedisPublisher

            return RedisPublisher(address)
