"""`coverplan experiment`: from a specification to a comparison."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from coverplan.cli.bad_input import BadInputError
from coverplan.cli.exits import Exit
from coverplan.cli.experiment_folder import OUTPUTS, Note, read_note, take
from coverplan.cli.experiment_spec import Spec, read_spec
from coverplan.cli.experiment_summary import CellLine, estimate_text, print_results
from coverplan.cli.outputs import write_file
from coverplan.client import AnswerError, Client, CoverplanError, RefusedError
from coverplan.library.experiments import UNLIMITED
from coverplan.library.own_service import own_service
from coverplan.machine import processors
from coverplan.payload.experiments.checks import check_experiment
from coverplan.payload.experiments.results import ExperimentResults
from coverplan.payload.experiments.state import ExperimentEstimate
from coverplan.payload.experiments.wanted import estimate
from coverplan.payload.issues import IssueReport, PayloadError

ASK_FROM_S = 3600.0
_NOT_FOUND = 404


def experiment(
    *,
    spec: Annotated[Path, typer.Argument(help="SPEC.toml or SPEC.json: an experiment request with files in it.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the results. [default: SPEC-results]")] = None,
    url: Annotated[str | None, typer.Option(help="A service to use, instead of one of its own.")] = None,
    slots: Annotated[int | None, typer.Option(min=1, max=256, help="Solves at once. [default: cores]")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before more than an hour of work.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results document, not a table.")] = False,
) -> None:
    """Solve problems under policies and compare the plans. Ctrl-C stops; the same call goes on from there.

    SPEC is what POST /v1/experiments takes; a problem, a policy or the grid may say `file = "FILE"` instead of what is
    in it. Without --url everything stays in the folder: results.json, results.csv, results.parquet, report.html, and
    the state of a service of its own; results of another experiment that are there move to its folder `earlier`.

    Exit codes: 0 every policy has its plans and meets the acceptance rules; 1 some do not; 2 bad input; 3 no plan;
    4 internal error.
    """
    if url is not None and not url.startswith(("http://", "https://")):
        raise BadInputError(f"--url {url}: the address of a service starts with http:// or https://.")
    wanted = read_spec(spec)
    folder = spec.with_name(f"{spec.stem}-results") if out is None else out
    _make(folder)
    if url is None:
        _confirm(_estimated(wanted, slots or processors()), yes=yes)
    try:
        with _service(folder, url, slots) as place, Client(place) as client:
            if url is not None:
                _confirm(client.experiments.estimate(wanted.request), yes=yes)
            found = _compared(client, wanted, folder, place if url is not None else "")
    except RefusedError as refusal:
        report = IssueReport(errors=refusal.document.errors, total_errors=refusal.document.total_errors)
        if report.errors:
            raise BadInputError(report=report, files=wanted.files) from None
        raise BadInputError(str(refusal)) from None
    except CoverplanError as error:
        print(f"coverplan: {error}" if url is None else f"coverplan: {url}: {error}", file=sys.stderr)
        raise typer.Exit(Exit.INTERNAL) from None
    print_results(found, as_json=as_json)
    print(f"{folder}: {', '.join(OUTPUTS)}", file=sys.stderr)
    raise typer.Exit(exit_of(found))


def exit_of(found: ExperimentResults) -> Exit:
    """The exit code that reports the policies."""
    if not any(one.plans for one in found.policies):
        return Exit.NO_PLAN
    return Exit.OK if len(found.accepted) == len(found.policies) else Exit.NEGATIVE


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(f"cannot create {folder}: {error.strerror or error}") from None


def _estimated(wanted: Spec, slots: int) -> ExperimentEstimate:
    """What it comes to; raises BadInputError for what is wrong with it."""
    try:
        return estimate(wanted.request, check_experiment(wanted.request), slots)
    except PayloadError as error:
        raise BadInputError(report=error.report, files=wanted.files) from None


def _confirm(found: ExperimentEstimate, *, yes: bool) -> None:
    print(estimate_text(found), file=sys.stderr)
    for note in found.notes:
        print(note, file=sys.stderr)
    if found.seconds_at_most > ASK_FROM_S and not yes and sys.stdin.isatty():
        typer.confirm("Go on?", abort=True, err=True)


@contextmanager
def _service(folder: Path, url: str | None, slots: int | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    settings = UNLIMITED | ({} if slots is None else {"COVERPLAN_SLOTS": str(slots)})
    with own_service(folder / "service.log", folder / "state", settings) as place:
        yield place


def _compared(client: Client, wanted: Spec, folder: Path, place: str) -> ExperimentResults:
    """The results, which go to the folder too; Ctrl-C stops the experiment."""
    experiment_id = _begun(client, wanted, folder, place)
    try:
        with CellLine() as line:
            state = client.experiments.wait(experiment_id, line)
    except KeyboardInterrupt:
        client.experiments.stop(experiment_id)
        print("Stopped; the same call goes on from here.", file=sys.stderr)
        raise typer.Exit(Exit.NO_PLAN) from None
    if state.job_status != "completed":
        reason = state.error.message if state.error is not None else "It was stopped; the same call goes on from here."
        print(f"coverplan: {reason}", file=sys.stderr)
        raise typer.Exit(Exit.INTERNAL if state.error is not None else Exit.NO_PLAN)
    for name in OUTPUTS:
        write_file(folder / name, lambda part: client.experiments.download(experiment_id, part))
    return client.experiments.results(experiment_id)


def _begun(client: Client, wanted: Spec, folder: Path, place: str) -> str:
    """The experiment of this content: the one that the folder or the service knows, or a new one."""
    before = read_note(folder)
    content = _hash(place, wanted.request.model_dump_json(by_alias=True))
    if before is not None and before.content == content and _goes_on(client, before.experiment_id):
        experiment_id = before.experiment_id
    else:
        key = _hash(place, wanted.request.model_dump_json(by_alias=True, exclude_unset=True))[:32]
        experiment_id = client.experiments.submit(wanted.request, key=key).experiment_id
        if not _goes_on(client, experiment_id):  # the key stands for one that was deleted since
            experiment_id = client.experiments.submit(wanted.request).experiment_id
    take(folder, Note(experiment_id, content), before)
    return experiment_id


def _hash(place: str, text: str) -> str:
    return hashlib.sha256(f"{place}\n{text}".encode()).hexdigest()


def _goes_on(client: Client, experiment_id: str) -> bool:
    """Have an experiment go on, where it was stopped; False: there is none."""
    try:
        state = client.experiments.get(experiment_id)
    except AnswerError as error:
        if error.document.status != _NOT_FOUND:
            raise
        return False
    if state.job_status in ("failed", "cancelled"):
        client.experiments.resume(experiment_id)
    return True
