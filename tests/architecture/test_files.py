"""What holds for every file of the project."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "tests", "benchmarks", "openapi", ".ci")
SUFFIXES = {".py", ".md", ".toml", ".json", ".yaml", ".yml", ".lock", ".html", ".css", ".js", ".csv", ""}
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|Users|mnt|tmp/[a-z])/|[A-Z]:\\Users\\")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LEFT_BEHIND = {"__pycache__", ".hypothesis", ".git"}
TESTS = sorted((ROOT / "tests").glob("**/test_*.py"))


def text_files() -> Iterator[Path]:
    """Files of the project; what tools leave behind does not count."""
    inside = (path for folder in FOLDERS for path in (ROOT / folder).glob("**/*"))
    for path in (*ROOT.iterdir(), *inside):
        if path.is_file() and path.suffix in SUFFIXES and not LEFT_BEHIND & set(path.parts):
            yield path


def checkers(tree: ast.Module) -> set[str]:
    """Functions of a file that assert by themselves, and those that it imports from the shared support."""
    own = {node.name for node in ast.walk(tree) if isinstance(node, FUNCTIONS) and checks(node, set())}
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    shared = {alias.name for node in imports if (node.module or "").startswith("support.") for alias in node.names}
    return own | {name for name in shared if name.startswith(("check", "expect"))}


def checks(function: ast.AST, helpers: set[str]) -> bool:
    """Whether a function asserts: by statement, by a helper that does, or by an exception that it expects."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name.startswith("assert") or name in {"raises", "warns"} | helpers:
                return True
    return False


def test_no_file_names_a_place_on_one_machine() -> None:
    """A clone works wherever it lies."""
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in text_files()
        if path != Path(__file__) and (match := MACHINE_PATH.search(path.read_text(encoding="utf-8", errors="replace")))
    ]

    assert found == []


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.relative_to(ROOT / "tests").as_posix())
def test_each_test_asserts_something(file: Path) -> None:
    """A test that cannot fail is none."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    tests = [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS) and node.name.startswith("test_")]
    helpers = checkers(tree)

    assert tests
    assert [test.name for test in tests if not checks(test, helpers)] == []
