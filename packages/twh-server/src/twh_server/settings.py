"""Settings: each from an environment variable `TWH_…`, with a default that is safe."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_PORT = 8750


class Settings(BaseSettings):
    """What a server process is told from outside."""

    model_config = SettingsConfigDict(env_prefix="TWH_", env_ignore_empty=True, frozen=True)

    database_url: str = Field("", description="The PostgreSQL to use, as a URL: postgresql://user:password@host/db.")
    secrets_key: str = Field(
        "", repr=False, description="Seals webhook secrets at rest: 32 bytes in base64 (openssl rand -base64 32)."
    )
    host: str = Field("127.0.0.1", description="The address on which HTTP is served.")
    port: int = Field(DEFAULT_PORT, ge=0, le=65_535, description="The port on which HTTP is served.")
    processes: int = Field(1, ge=1, le=64, description="How many processes serve HTTP.")
    write_connections: int = Field(8, ge=1, le=100, description="How many database connections of a process write.")
    read_connections: int = Field(8, ge=1, le=100, description="How many database connections of a process read.")
    drain_seconds: float = Field(
        25, ge=0, le=600, description="How long a stopping process may take to answer what it has accepted."
    )
    postgres_binaries: Path | None = Field(
        None, description="Where the programs of the embedded PostgreSQL are, instead of the packaged ones."
    )
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="How log lines look: text on a terminal and JSON elsewhere, unless said."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Which log lines are written.")
