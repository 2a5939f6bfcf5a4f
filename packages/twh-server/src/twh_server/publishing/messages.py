"""An event as a message: the very bytes that the feed has, with CloudEvents attributes and a key beside them."""

from twh_server.database.identifiers import ITEM, TENANT, ItemId, TenantId
from twh_server.events.about import concerns_of, items_of
from twh_server.events.forms import address_of, attributes_of, thin
from twh_server.events.kinds import decode
from twh_server.publishing.publisher import Message


def message_of(tenant: TenantId, stored: str, *, bytes_max: int) -> Message:
    """The message for an event as it is stored.

    A body that is larger than the bus takes is told without its data, and `dataref` says where the whole of it is read.
    So nothing is left out, and nobody waits behind it.
    """
    event, owner, body = decode(stored), TENANT.text(tenant), stored.encode()
    attributes = attributes_of(event, tenant)
    if len(body) > bytes_max:
        body = thin(event)
        attributes["dataref"] = address_of(event)
    items = items_of(concerns_of(event))
    return Message(
        id=event.id,
        tenant=owner,
        kind=event.type,
        key=ITEM.text(ItemId(items[0])) if items else attributes.get("subject", owner),
        attributes=attributes,
        body=body,
    )
