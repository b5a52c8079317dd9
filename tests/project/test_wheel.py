"""The wheel: what is in it, and that it runs outside the clone."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = {".html", ".css", ".js", ".svg", ".typed", ".j2", ".yaml", ".json"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(out.glob("coverplan-*.whl"))


def test_wheel_holds_every_module_and_template(wheel: Path) -> None:
    """Source files and package data, and nothing of the tests."""
    package = ROOT / "src" / "coverplan"
    wanted = {
        path.relative_to(package.parent).as_posix()
        for path in package.glob("**/*")
        if path.is_file() and (path.suffix in DATA or (path.suffix == ".py" and (path.parent / "__init__.py").exists()))
    }
    held = set(zipfile.ZipFile(wheel).namelist())

    assert wanted <= held
    assert "coverplan/py.typed" in held
    assert {name.split("/")[0] for name in held} == {"coverplan", "coverplan-0.1.0.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in held)


def test_wheel_runs_outside_the_clone(wheel: Path, tmp_path: Path) -> None:
    """Unpacked elsewhere, it is found before the editable installation, and tells its version."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}

    def run(*arguments: str) -> str:
        command = [sys.executable, "-P", *arguments]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.strip()

    assert run("-c", "import coverplan; print(coverplan.__file__)").startswith(str(tmp_path))
    assert run("-m", "coverplan", "--version") == "coverplan 0.1.0"
