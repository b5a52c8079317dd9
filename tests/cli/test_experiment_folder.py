"""The folder of an experiment: a torn note is none, and results never stand beside the note of another experiment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coverplan.cli.bad_input import BadInputError
from coverplan.cli.experiment_folder import EARLIER, NOTE, OUTPUTS, Note, read_note, take

FIRST, SECOND = Note("exp-1a", "first"), Note("exp-2b", "second")


def _finished(folder: Path, note: Note) -> None:
    """A folder as an experiment that has ended leaves it."""
    take(folder, note, read_note(folder))
    for name in OUTPUTS:
        (folder / name).write_text(f'{{"experiment_id":"{note.experiment_id}","name":null}}')


def _names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"experiment_id": "exp-1',
        b"[]",
        b'"exp-1"',
        b"null",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"experiment_id": 1, "content": "x"}',
        b'{"experiment_id": "../..", "content": "x"}',
        b'{"experiment_id": "exp-1", "content": null}',
    ],
)
def test_a_torn_note_is_none(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / NOTE).write_bytes(content)

    assert read_note(tmp_path) is None
    assert NOTE in capsys.readouterr().err


def test_a_note_is_kept_whole(tmp_path: Path) -> None:
    assert read_note(tmp_path) is None
    take(tmp_path, FIRST, None)

    assert read_note(tmp_path) == FIRST
    assert _names(tmp_path) == {NOTE}


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / NOTE).mkdir()

    with pytest.raises(BadInputError, match=NOTE):
        read_note(tmp_path)


def test_results_of_another_experiment_are_set_aside(tmp_path: Path) -> None:
    """Twice the same one: each has a folder of its own."""
    for _ in range(2):
        _finished(tmp_path, FIRST)
        take(tmp_path, SECOND, read_note(tmp_path))

        assert _names(tmp_path) == {NOTE, EARLIER}
        assert read_note(tmp_path) == SECOND
    aside = [tmp_path / EARLIER / name for name in ("exp-1a", "exp-1a-2")]
    assert all(
        json.loads((place / name).read_text())["experiment_id"] == "exp-1a" for place in aside for name in OUTPUTS
    )


def test_the_experiment_goes_on_beside_its_own_results(tmp_path: Path) -> None:
    """Also where the note was torn, or the first of the results is gone."""
    _finished(tmp_path, FIRST)
    take(tmp_path, FIRST, FIRST)
    (tmp_path / NOTE).write_bytes(b"")
    take(tmp_path, FIRST, read_note(tmp_path))
    assert _names(tmp_path) == {NOTE, *OUTPUTS}
    (tmp_path / OUTPUTS[0]).unlink()
    take(tmp_path, FIRST, read_note(tmp_path))

    assert _names(tmp_path) == {NOTE, *OUTPUTS[1:]}


def test_results_that_stand_beside_a_wrong_note_already_are_set_aside(tmp_path: Path) -> None:
    """Those of the first experiment, where the second one was stopped; nothing says whose a lone table is."""
    _finished(tmp_path, FIRST)
    (tmp_path / NOTE).write_text(json.dumps({"experiment_id": SECOND.experiment_id, "content": SECOND.content}))
    take(tmp_path, SECOND, read_note(tmp_path))
    assert _names(tmp_path / EARLIER) == {"exp-1a"}
    (tmp_path / NOTE).unlink()
    (tmp_path / OUTPUTS[1]).write_text("a,b")
    take(tmp_path, SECOND, read_note(tmp_path))

    assert _names(tmp_path / EARLIER) == {"exp-1a", "unknown"}
    assert _names(tmp_path) == {NOTE, EARLIER}
