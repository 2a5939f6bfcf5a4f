"""Environments that have what a user's has: packages built and installed, not the working tree with its tools."""

import os
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
OURS = ("twh-sdk", "twh-cli", "twh-server")
NOT_INHERITED = ("TWH_", "XDG_", "OPENAI_", "ANTHROPIC_", "STRIPE_", "PYTHON", "VIRTUAL_ENV", "UV_PROJECT")


@cache
def with_peers() -> Path:
    """The Python of an environment with the SDK alone and the peers' SDKs, as uv.lock has them."""
    return environment("bench-sdk", "--package", "twh-sdk", "--group", "bench")


@cache
def with_command() -> Path:
    """The Python of an environment with the command and its sandbox."""
    return environment("bench-cli", "--package", "twh-cli", "--extra", "sandbox")


def environment(name: str, *what: str) -> Path:
    """Made, or brought up to date with the working tree: what uv has built before is not asked whether it is the same."""
    place = ROOT / ".nox" / name
    anew = [word for package in OURS for word in ("--reinstall-package", package)]
    command = [uv(), "sync", "-q", "--frozen", "--no-editable", "--no-default-groups", *anew, *what]
    subprocess.run(command, cwd=ROOT, env={**plain(), "UV_PROJECT_ENVIRONMENT": str(place)}, check=True)
    return place / "bin" / "python"


def plain() -> dict[str, str]:
    """The environment variables of someone who has set nothing: no keys, no proxies, bytecode kept."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
    return {name: value for name, value in inherited.items() if not name.lower().endswith("_proxy")}


def uv() -> str:
    """uv: `uv run` says where it is."""
    return os.environ.get("UV", "uv")
