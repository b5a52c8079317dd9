"""What is written of all constraint kinds: the table of the README, and the example that has one rule of each.

`python -m support.catalogue` writes both anew; `make openapi` does so first.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from pathlib import Path

from coverplan.constraints import CATALOGUE

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
EXAMPLE = ROOT / "openapi" / "examples" / "every_constraint_kind.json"
TABLE = re.compile(r"(?<=\| kind \| says \|\n\|---\|---\|\n)(?:\|.*\n)*")


def table() -> str:
    """One line per kind: what the first paragraph of its file says after its name."""
    lines = []
    for name, kind in CATALOGUE.items():
        paragraph = (inspect.getdoc(sys.modules[kind.__module__]) or "").partition("\n\n")[0]
        lines.append(f"| `{name}` | {' '.join(paragraph.split()).partition(': ')[2].rstrip('.')} |\n")
    return "".join(lines)


def readme() -> str:
    """The README with the table of today's catalogue."""
    return TABLE.sub(table().replace("\\", r"\\"), README.read_text(encoding="utf-8"), count=1)


def example() -> str:
    """The example of every kind with the rules of today's catalogue."""
    body = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    body["policy"]["constraints"] = [{"kind": name, **kind.example} for name, kind in CATALOGUE.items()]
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    README.write_text(readme(), encoding="utf-8")
    EXAMPLE.write_text(example(), encoding="utf-8")
