"""Settings: each from `TWH_…` in the environment or from the file that `TWH_…_FILE` names, with a default that is safe.

A secret is not shown by anything that shows settings. What cannot be used is told all at once (`faults_of`).
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "TWH_"
FROM_FILE = "_FILE"
DEFAULT_PORT = 8750
SETTING_FILE_BYTES_MAX = 65_536

OTHERS = frozenset(
    {
        "TWH_API_KEY",
        "TWH_BASE_URL",
        "TWH_DATA_DIR",
        "TWH_ENVIRONMENT",
        "TWH_LOG",
        "TWH_NO_INPUT",
        "TWH_NO_UPDATE_NOTICE",
    }
)
"""Variables of this prefix that the SDK and the command read."""

_RATE = re.compile(r"([1-9]\d{0,8})/([1-9]\d{0,4})")

WAITS_MAX = 30
WAIT_SECONDS_MAX = 7 * 24 * 3_600

_WAITS = re.compile(r"\d{1,6}( *, *\d{1,6})*")

_STORE = re.compile(r"(redis|valkey)(s|\+unix|\+sentinel)?://.+")

_BUS = re.compile(r"(kafka(\+ssl)?|nats|tls|rediss?|valkeys?)://[^/]+/.+")
WEBHOOK_PORTS = "80, 443, 1024-65535"
"""The ports of the web, and those that anybody may open: no mail, no shell, no directory."""

ALL_PORTS = "1-65535"
ANY_HOST = "*"

_HOST = re.compile(r"(?=.*[a-z])[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")

_PORTS = re.compile(r"([1-9]\d{0,4})(?:-([1-9]\d{0,4}))?")

Origin = Literal["default", "environment", "file", "command line"]


class Unusable(str):
    """In the place of a value: the sentence that says why there is none."""

    __slots__ = ()


@dataclass(frozen=True)
class Listed:
    """Networks, and hosts with all that are below them; `*` is every host."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    hosts: tuple[str, ...] = ()


NOWHERE = Listed()


class Settings(BaseSettings):
    """What a server process is told from outside."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, hide_input_in_errors=True)

    database_url: SecretStr = Field(
        SecretStr(""), description="The PostgreSQL to use, as a URL: postgresql://user:password@host/db."
    )
    secrets_key: SecretStr = Field(
        SecretStr(""), description="Seals webhook secrets at rest: 32 bytes in base64 (openssl rand -base64 32)."
    )
    secrets_keys_old: SecretStr = Field(
        SecretStr(""),
        description="Keys that only open what was sealed before, or will be by others; commas between them.",
    )
    host: str = Field("127.0.0.1", description="The address on which HTTP is served.")
    port: int = Field(DEFAULT_PORT, ge=0, le=65_535, description="The port on which HTTP is served.")
    processes: int = Field(1, ge=1, le=64, description="How many processes serve HTTP.")
    write_connections: int = Field(8, ge=1, le=100, description="How many database connections of a process write.")
    read_connections: int = Field(8, ge=1, le=100, description="How many database connections of a process read.")
    statement_timeout: float = Field(
        20,
        ge=0.1,
        le=3_600,
        description="How many seconds a statement may take; the worker's may take three times that.",
    )
    lock_timeout: float = Field(10, ge=0.1, le=3_600, description="How many seconds a statement may wait for a lock.")
    idle_in_transaction_session_timeout: float = Field(
        30, ge=0.1, le=3_600, description="After how many idle seconds the database ends an open transaction."
    )
    drain_seconds: float = Field(
        25, ge=0, le=600, description="How long a stopping process may take to answer what it has accepted."
    )
    body_bytes: int = Field(1 << 20, ge=1_024, le=1 << 26, description="How many bytes a body has at most.")
    bulk_body_bytes: int = Field(
        8 << 20,
        ge=1_024,
        le=1 << 28,
        description="How many bytes the body of an operation that takes many has at most.",
    )
    rate_limit: str = Field(
        "60000/60", description="How many requests a key may make in how many seconds; off for as many as it likes."
    )
    rate_limit_store_url: SecretStr = Field(
        SecretStr(""),
        description="A Redis or Valkey in which all processes count together, as a URL: redis://:password@host:6379/0.",
    )
    rate_limit_store_timeout: float = Field(
        0.05, ge=0.002, le=10, description="How many seconds a request waits for that store at most."
    )
    webhook_waits: str = Field(
        "0,5,300,1800,7200,18000,36000,50400,72000,86400",
        description="How many seconds each attempt of a delivery waits after the one before it; after the last, it is given up.",
    )
    publish_url: SecretStr = Field(
        SecretStr(""),
        description="Buses to publish every event to, as URLs with spaces between them: kafka://host:9092/topic.",
    )
    webhook_allow: str = Field(
        "",
        description="Where webhooks may go although it is inside: networks and hosts, 10.1.0.0/16 or corp.example.",
    )
    webhook_deny: str = Field(
        "", description="Where webhooks may not go: networks and hosts, * for every host that is not allowed."
    )
    webhook_ports: str = Field(WEBHOOK_PORTS, description="The ports that webhooks may go to, and spans of ports.")
    webhook_private: bool = Field(
        default=False,
        description="Whether webhooks of sandbox tenants may go to loopback and private addresses.",
    )
    postgres_binaries: Path | None = Field(
        None, description="Where the programs of the embedded PostgreSQL are, instead of the packaged ones."
    )
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65_000,
        description="The port at which a process shows its metrics, the next one for the next process; none without.",
    )
    metrics_host: str = Field("127.0.0.1", description="The address on which metrics are shown.")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="How log lines look: text on a terminal and JSON elsewhere, unless said."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Which log lines are written.")
    log_requests: bool = Field(
        default=True, description="Whether each request has its line, at the level info: who, what, how it ended."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _is_there(cls, value: Any) -> Any:
        if isinstance(value, Unusable):
            raise ValueError(str(value))  # noqa: TRY004  # pydantic gathers these
        return value

    @field_validator("rate_limit")
    @classmethod
    def _is_a_rate(cls, value: str) -> str:
        if value not in ("off", "0") and not _RATE.fullmatch(value):
            raise ValueError("TWH_RATE_LIMIT cannot be used: it is REQUESTS/SECONDS such as 60000/60, or off.")
        return value

    @field_validator("rate_limit_store_url")
    @classmethod
    def _is_a_store(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _STORE.fullmatch(value.get_secret_value()):
            raise ValueError("TWH_RATE_LIMIT_STORE_URL cannot be used: it is a URL such as redis://host:6379/0.")
        return value

    @field_validator("webhook_waits")
    @classmethod
    def _are_waits(cls, value: str) -> str:
        waits = _waits_in(value) if _WAITS.fullmatch(value) else []
        if not 0 < len(waits) <= WAITS_MAX or max(waits) > WAIT_SECONDS_MAX:
            raise ValueError(
                f"TWH_WEBHOOK_WAITS cannot be used: it is 1 to {WAITS_MAX} whole seconds such as 0,5,300, each at most"
                f" {WAIT_SECONDS_MAX} (a week)."
            )
        return value

    @property
    def waits_seconds(self) -> list[float]:
        """How long each attempt of a delivery waits after the one before it."""
        return _waits_in(self.webhook_waits)

    @field_validator("publish_url")
    @classmethod
    def _are_buses(cls, value: SecretStr) -> SecretStr:
        if not all(map(_BUS.fullmatch, value.get_secret_value().split())):
            raise ValueError("TWH_PUBLISH_URL cannot be used: each is a URL such as kafka://host:9092/topic.")
        return value

    @field_validator("webhook_allow", "webhook_deny")
    @classmethod
    def _are_listed(cls, value: str, info: ValidationInfo) -> str:
        try:
            listed_in(value)
        except ValueError as fault:
            raise ValueError(f"{variable_of(str(info.field_name))} cannot be used: {fault}.") from None
        return value

    @field_validator("webhook_ports")
    @classmethod
    def _are_ports(cls, value: str) -> str:
        try:
            ports_in(value)
        except ValueError as fault:
            raise ValueError(f"TWH_WEBHOOK_PORTS cannot be used: {fault}.") from None
        return value

    @property
    def rate(self) -> tuple[int, int] | None:
        """The requests and the seconds of the rate limit; None without one."""
        found = _RATE.fullmatch(self.rate_limit)
        return (int(found[1]), int(found[2])) if found else None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The command line before files, files before the environment: a setting that has both is refused."""
        _ = dotenv_settings, file_secret_settings
        return init_settings, _Files(settings_cls), env_settings


def faults_of(fault: ValidationError) -> list[str]:
    """Everything that cannot be used, a sentence each; no value is quoted."""
    return [_sentence(str(error["loc"][0]), error["type"], error["msg"]) for error in fault.errors(include_input=False)]


def origins(given: Mapping[str, Any]) -> dict[str, Origin]:
    """Where each setting comes from, when `given` are those of the command line."""
    said = variables()

    def origin(name: str) -> Origin:
        if name in given:
            return "command line"
        if said.get(variable_of(name) + FROM_FILE):
            return "file"
        return "environment" if said.get(variable_of(name)) else "default"

    return {name: origin(name) for name in Settings.model_fields}


def strangers() -> list[str]:
    """Variables that begin like a setting and are none: most likely misspelt."""
    known = {variable_of(name) + ending for name in Settings.model_fields for ending in ("", FROM_FILE)}
    return sorted(name for name in variables() if name not in known | OTHERS)


def listed_in(text: str) -> Listed:
    """The places of a list with commas or spaces between them. Raises ValueError for one that is neither network nor host."""
    networks: list[IPv4Network | IPv6Network] = []
    hosts: list[str] = []
    for place in text.replace(",", " ").lower().split():
        try:
            networks.append(ip_network(place))
        except ValueError as fault:
            if place != ANY_HOST and not _HOST.fullmatch(place):
                reason = str(fault) if "host bits" in str(fault) else f"{place} is no network and no host's name"
                raise ValueError(reason) from None
            hosts.append(place)
    return Listed(tuple(networks), tuple(hosts))


def ports_in(text: str) -> tuple[range, ...]:
    """The spans of a list such as `80, 443, 8000-8999`. Raises ValueError."""
    spans: list[range] = []
    for span in text.replace(",", " ").split():
        found = _PORTS.fullmatch(span)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not first <= last <= 65_535:
            raise ValueError(f"{span} is no port and no span of ports such as 8000-8999")
        spans.append(range(first, last + 1))
    if not spans:
        raise ValueError("it names no port")
    return tuple(spans)


def variable_of(name: str) -> str:
    """The variable of a setting."""
    return PREFIX + name.upper()


def variables() -> dict[str, str]:
    """The variables of this prefix; in upper case, for either case is read."""
    return {name.upper(): value for name, value in os.environ.items() if name.upper().startswith(PREFIX)}


def is_secret(name: str) -> bool:
    """Whether the value of a setting is shown to nobody."""
    return Settings.model_fields[name].annotation is SecretStr


def _waits_in(text: str) -> list[float]:
    return [float(wait) for wait in text.split(",")]


def _sentence(name: str, kind: str, message: str) -> str:
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    return f"{variable_of(name)} cannot be used: {message}."


class _Files(PydanticBaseSettingsSource):
    """Settings whose value lies in a file: Docker and Kubernetes hand secrets over like that."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        _ = field
        return self._value(field_name, variables()), field_name, False

    def __call__(self) -> dict[str, Any]:
        said = variables()
        found = {name: self._value(name, said) for name in self.settings_cls.model_fields}
        return {name: value for name, value in found.items() if value is not None}

    def _value(self, name: str, said: Mapping[str, str]) -> str | None:
        variable = variable_of(name)
        path = said.get(variable + FROM_FILE)
        if not path:
            return None
        if said.get(variable):
            return Unusable(f"{variable} and {variable}{FROM_FILE} are both given: leave one of them out.")
        try:
            with Path(path).open("rb") as file:
                value = file.read(SETTING_FILE_BYTES_MAX + 1)
        except OSError as fault:
            return Unusable(f"The file {path}, named by {variable}{FROM_FILE}, cannot be read: {fault.strerror}.")
        if len(value) > SETTING_FILE_BYTES_MAX:
            return Unusable(f"The file {path}, named by {variable}{FROM_FILE}, is no setting: it is too large.")
        try:
            return value.decode().strip() or None
        except UnicodeDecodeError:
            return Unusable(f"The file {path}, named by {variable}{FROM_FILE}, is no text in UTF-8.")
