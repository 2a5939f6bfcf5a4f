"""Cell `wheel`: how much an installation of the SDK brings along."""

import json
import subprocess
import tempfile
from pathlib import Path

from figures import Pace, Row
from installed import ROOT, plain, uv, with_peers

DISTRIBUTIONS = {"twh": "twh-sdk", "openai": "openai", "stripe": "stripe", "anthropic": "anthropic"}
# What each of them needs, without what extras would add.
ASK_WHAT_IS_NEEDED = """
import importlib.metadata, json, re, sys
needs = {name: importlib.metadata.requires(name) or [] for name in sys.argv[1:]}
print(json.dumps({name: [re.match(r"[\\w.-]+", need)[0] for need in all if "extra ==" not in need]
                  for name, all in needs.items()}))
"""


def measure(_: Pace) -> list[Row]:
    """The wheel as it would be published, and what it says that it needs."""
    with tempfile.TemporaryDirectory() as folder:
        command = [uv(), "build", "-q", "--wheel", "--package", "twh-sdk", "--out-dir", folder]
        subprocess.run(command, cwd=ROOT, env=plain(), check=True)
        (wheel,) = Path(folder).glob("*.whl")
        kilobytes = wheel.stat().st_size / 1000
    command = [str(with_peers()), "-c", ASK_WHAT_IS_NEEDED, *DISTRIBUTIONS.values()]
    told = subprocess.run(command, env=plain(), check=True, capture_output=True, text=True)
    needs: dict[str, list[str]] = json.loads(told.stdout)
    counted = {peer: float(len(needs[name])) for peer, name in DISTRIBUTIONS.items()}
    ours = counted.pop("twh")
    return [
        Row(name="SDK wheel", unit="KB", figure=kilobytes, most=300),
        Row(
            name="direct dependencies",
            unit="",
            figure=ours,
            most=2,
            peers=counted,
            beside=", ".join(sorted(needs["twh-sdk"])),
        ),
    ]
