"""What import-linter cannot say: what `verify` may import, and that every constraint kind is known."""

import ast
import sys
from pathlib import Path

import pytest

from coverplan.constraints import CATALOGUE

SOURCE = Path(__file__).parents[2] / "src" / "coverplan"
SHARED = {"__init__", "base", "blocks", "filters", "findings"}


def verifier_files() -> list[Path]:
    folder = SOURCE / "verify"
    return sorted(folder.glob("**/*.py")) if folder.is_dir() else [SOURCE / "verify.py"]


def imported_roots(file: Path) -> set[str]:
    """The packages that a file imports, wherever the import stands; its own package by full name."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module or "")
    own = {module for module in modules if module == "coverplan.verify" or module.startswith("coverplan.verify.")}
    return {module.split(".")[0] for module in modules - own}


@pytest.mark.parametrize("file", verifier_files(), ids=lambda file: file.name)
def test_the_verifier_shares_no_code_with_what_it_verifies(file: Path) -> None:
    """Only the standard library and numpy: a bug cannot be wrong twice in the same way."""
    assert imported_roots(file) <= {"numpy", *sys.stdlib_module_names}


@pytest.mark.parametrize("module", sorted(file.stem for file in (SOURCE / "constraints").glob("*.py")))
def test_each_constraint_module_is_catalogued_under_its_name(module: str) -> None:
    """A kind, its file and its catalogue entry have one name."""
    known = {kind: constraint.__module__ for kind, constraint in CATALOGUE.items()}

    assert module in SHARED or known[module] == f"coverplan.constraints.{module}"
