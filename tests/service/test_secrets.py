"""Passwords stay out of what is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from coverplan.settings import redacted
from support.command import run
from support.ports import free_port


@pytest.mark.parametrize(
    ("shown", "hidden"),
    [
        ("postgresql://u:hunter2@db.example/plans", "postgresql://u:***@db.example/plans"),
        ("postgresql://u:p@ss/w:rd@db/plans?sslmode=require", "postgresql://u:***@db/plans?sslmode=require"),
        ("sqlite:////data/coverplan.db", "sqlite:////data/coverplan.db"),
        ("host=db password=hunter2 user=u", "host=db password=*** user=u"),
        ("s3://b/p?secret_access_key=abc&region=x", "s3://b/p?secret_access_key=***&region=x"),
    ],
)
def test_passwords_are_not_shown(shown: str, hidden: str) -> None:
    assert redacted(shown) == hidden


@pytest.mark.parametrize("words", [["keys", "list"], ["serve", "--port", "0"]])
def test_a_lost_database_is_named_without_its_password(words: list[str], tmp_path: Path) -> None:
    """Nobody listens there."""
    url = f"postgresql://planner:hunter2@127.0.0.1:{free_port()}/plans"
    failed = run(*words, env={"COVERPLAN_DATABASE_URL": url, "COVERPLAN_DATA_DIR": str(tmp_path)})

    assert failed.returncode == 2
    assert "127.0.0.1" in failed.stderr
    assert "hunter2" not in failed.stderr + failed.stdout
