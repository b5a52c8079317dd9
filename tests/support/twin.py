"""Makes the synchronous client of the asynchronous one: `python -m support.twin`, or `make client`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

CLIENT = Path(__file__).parents[2] / "src" / "coverplan" / "client"
BY_HAND = {"__init__.py", "pace.py"}
_HEAD = "# Made of the asynchronous twin by `make client`: what is changed here is lost.\n"
_WORDS = {
    r"async (def|for|with)": r"\1",
    r"await ": "",
    r"client\.aio": "client.sync",
    r"Async(Client|BaseTransport|Iterator)": r"\1",
    r"AsyncGenerator\[(\w+)\]": r"Generator[\1, None, None]",
    r"AsyncGenerator": "Generator",
    r"asynccontextmanager": "contextmanager",
    r"a(close|closing|connect_sse|iter_sse|iter_bytes|iter_lines|read)": r"\1",
    r"__a(enter|exit)__": r"__\1__",
}


def made() -> dict[Path, str]:
    """The text of each file of the synchronous client."""
    files = sorted(file for file in (CLIENT / "aio").glob("*.py") if file.name not in BY_HAND)
    return {CLIENT / "sync" / file.name: _formatted(_translated(file.read_text(encoding="utf-8"))) for file in files}


def _translated(text: str) -> str:
    for words, others in _WORDS.items():
        text = re.sub(rf"(?<!\w){words}(?!\w)" if not words.endswith(" ") else rf"(?<!\w){words}", others, text)
    return _HEAD + text


def _formatted(text: str) -> str:
    """As ruff leaves it: lines are shorter, and imports sorted otherwise."""
    ruff = Path(sys.executable).parent / "ruff"
    for command in (("check", "--fix", "--select", "I"), ("format",)):
        name = CLIENT / "sync" / "any.py"
        found = subprocess.run(
            [str(ruff), *command, "--quiet", "--stdin-filename", str(name), "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        text = found.stdout
    return text


if __name__ == "__main__":
    for file, text in made().items():
        file.write_text(text, encoding="utf-8")
