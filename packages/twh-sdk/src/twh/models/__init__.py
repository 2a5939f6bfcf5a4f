# Generated from openapi/openapi.json by generate_models.py: do not edit.
"""What the server answers: every model, loaded when it is first asked for."""

from importlib import import_module

TYPE_CHECKING = False  # typing's, without the time that it takes to import it
if TYPE_CHECKING:
    from twh.entry_results import EntryResult as EntryResult
    from twh.entry_results import EntryResults as EntryResults
    from twh.events import ANY_EVENT as ANY_EVENT
    from twh.events import EndpointCreated as EndpointCreated
    from twh.events import EndpointDeleted as EndpointDeleted
    from twh.events import EndpointDisabled as EndpointDisabled
    from twh.events import EndpointDisabling as EndpointDisabling
    from twh.events import EndpointSecretRotated as EndpointSecretRotated
    from twh.events import EndpointUpdated as EndpointUpdated
    from twh.events import EntryRecorded as EntryRecorded
    from twh.events import Event as Event
    from twh.events import FailingEndpoint as FailingEndpoint
    from twh.events import ItemArchived as ItemArchived
    from twh.events import ItemCreated as ItemCreated
    from twh.events import ItemRestored as ItemRestored
    from twh.events import ItemUpdated as ItemUpdated
    from twh.events import KeyCreated as KeyCreated
    from twh.events import KeyRevoked as KeyRevoked
    from twh.events import KeyRotated as KeyRotated
    from twh.events import KeyUpdated as KeyUpdated
    from twh.events import LocationArchived as LocationArchived
    from twh.events import LocationCreated as LocationCreated
    from twh.events import LocationRestored as LocationRestored
    from twh.events import LocationUpdated as LocationUpdated
    from twh.events import LowStock as LowStock
    from twh.events import ReplayCancelled as ReplayCancelled
    from twh.events import ReplayFinished as ReplayFinished
    from twh.events import ReplayResumed as ReplayResumed
    from twh.events import ReplayStarted as ReplayStarted
    from twh.events import SettingsUpdated as SettingsUpdated
    from twh.events import StockLow as StockLow
    from twh.events import TenantClosed as TenantClosed
    from twh.events import TenantResumed as TenantResumed
    from twh.events import TenantSuspended as TenantSuspended
    from twh.events import ThinEvent as ThinEvent
    from twh.events import Told as Told
    from twh.events import UnknownEvent as UnknownEvent
    from twh.model import Model as Model
    from twh.model import read as read
    from twh.models.generated import Actor as Actor
    from twh.models.generated import ApiKey as ApiKey
    from twh.models.generated import Attempt as Attempt
    from twh.models.generated import BatchAnswer as BatchAnswer
    from twh.models.generated import BatchRow as BatchRow
    from twh.models.generated import Block as Block
    from twh.models.generated import Checkpoint as Checkpoint
    from twh.models.generated import Delivery as Delivery
    from twh.models.generated import Endpoint as Endpoint
    from twh.models.generated import EndpointHealth as EndpointHealth
    from twh.models.generated import Entry as Entry
    from twh.models.generated import EventType as EventType
    from twh.models.generated import Fault as Fault
    from twh.models.generated import Item as Item
    from twh.models.generated import ItemRef as ItemRef
    from twh.models.generated import ItemTotal as ItemTotal
    from twh.models.generated import KeyRecord as KeyRecord
    from twh.models.generated import KeyRef as KeyRef
    from twh.models.generated import Level as Level
    from twh.models.generated import Location as Location
    from twh.models.generated import LocationRef as LocationRef
    from twh.models.generated import Movement as Movement
    from twh.models.generated import MovementRow as MovementRow
    from twh.models.generated import NewApiKey as NewApiKey
    from twh.models.generated import NewEndpoint as NewEndpoint
    from twh.models.generated import NewKey as NewKey
    from twh.models.generated import Pack as Pack
    from twh.models.generated import Reference as Reference
    from twh.models.generated import Replay as Replay
    from twh.models.generated import ReplayPlan as ReplayPlan
    from twh.models.generated import Sandbox as Sandbox
    from twh.models.generated import Settings as Settings
    from twh.models.generated import Tenant as Tenant
    from twh.models.generated import Verification as Verification
    from twh.models.generated import Whose as Whose

MODULES = {
    "EntryResult": "twh.entry_results",
    "EntryResults": "twh.entry_results",
    "ANY_EVENT": "twh.events",
    "EndpointCreated": "twh.events",
    "EndpointDeleted": "twh.events",
    "EndpointDisabled": "twh.events",
    "EndpointDisabling": "twh.events",
    "EndpointSecretRotated": "twh.events",
    "EndpointUpdated": "twh.events",
    "EntryRecorded": "twh.events",
    "Event": "twh.events",
    "FailingEndpoint": "twh.events",
    "ItemArchived": "twh.events",
    "ItemCreated": "twh.events",
    "ItemRestored": "twh.events",
    "ItemUpdated": "twh.events",
    "KeyCreated": "twh.events",
    "KeyRevoked": "twh.events",
    "KeyRotated": "twh.events",
    "KeyUpdated": "twh.events",
    "LocationArchived": "twh.events",
    "LocationCreated": "twh.events",
    "LocationRestored": "twh.events",
    "LocationUpdated": "twh.events",
    "LowStock": "twh.events",
    "ReplayCancelled": "twh.events",
    "ReplayFinished": "twh.events",
    "ReplayResumed": "twh.events",
    "ReplayStarted": "twh.events",
    "SettingsUpdated": "twh.events",
    "StockLow": "twh.events",
    "TenantClosed": "twh.events",
    "TenantResumed": "twh.events",
    "TenantSuspended": "twh.events",
    "ThinEvent": "twh.events",
    "Told": "twh.events",
    "UnknownEvent": "twh.events",
    "Model": "twh.model",
    "read": "twh.model",
    "Actor": "twh.models.generated",
    "ApiKey": "twh.models.generated",
    "Attempt": "twh.models.generated",
    "BatchAnswer": "twh.models.generated",
    "BatchRow": "twh.models.generated",
    "Block": "twh.models.generated",
    "Checkpoint": "twh.models.generated",
    "Delivery": "twh.models.generated",
    "Endpoint": "twh.models.generated",
    "EndpointHealth": "twh.models.generated",
    "Entry": "twh.models.generated",
    "EventType": "twh.models.generated",
    "Fault": "twh.models.generated",
    "Item": "twh.models.generated",
    "ItemRef": "twh.models.generated",
    "ItemTotal": "twh.models.generated",
    "KeyRecord": "twh.models.generated",
    "KeyRef": "twh.models.generated",
    "Level": "twh.models.generated",
    "Location": "twh.models.generated",
    "LocationRef": "twh.models.generated",
    "Movement": "twh.models.generated",
    "MovementRow": "twh.models.generated",
    "NewApiKey": "twh.models.generated",
    "NewEndpoint": "twh.models.generated",
    "NewKey": "twh.models.generated",
    "Pack": "twh.models.generated",
    "Reference": "twh.models.generated",
    "Replay": "twh.models.generated",
    "ReplayPlan": "twh.models.generated",
    "Sandbox": "twh.models.generated",
    "Settings": "twh.models.generated",
    "Tenant": "twh.models.generated",
    "Verification": "twh.models.generated",
    "Whose": "twh.models.generated",
}


def __getattr__(name: str) -> object:
    if name not in MODULES:
        raise AttributeError(f"module 'twh.models' has no attribute {name!r}")
    value: object = getattr(import_module(MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULES})
