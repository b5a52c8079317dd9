"""`python -m coverplan.api.openapi [FILE]` writes the OpenAPI document, by default to `openapi/openapi.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from coverplan.api.app import create_app
from coverplan.settings import Settings

FILE = Path("openapi/openapi.json")


def main(file: Path = FILE) -> None:
    """Write the document."""
    text = json.dumps(create_app(Settings()).openapi(), indent=1, ensure_ascii=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
