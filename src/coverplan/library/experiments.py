"""Experiments, by a service of one's own that lives as long as the call."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from coverplan.client import Client, RefusedError
from coverplan.library.bodies import problem_body, read
from coverplan.library.own_service import own_service
from coverplan.payload.errors import FailedError, InvalidError
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.experiments.results import ExperimentResults
from coverplan.payload.experiments.state import ExperimentState
from coverplan.payload.issues import IssueReport

UNLIMITED = {
    "COVERPLAN_MAX_BODY_MB": "1024",
    "COVERPLAN_MAX_BODY_VALUES": "1000000000",
    "COVERPLAN_MAX_EXPERIMENT_CELLS": "10000",
    "COVERPLAN_LOG_LEVEL": "warning",
}
"""One's own service has no limits."""


def experiment(
    request: ExperimentRequest | Mapping[str, Any] | None = None,
    *,
    slots: int | None = None,
    on_progress: Callable[[ExperimentState], None] | None = None,
    **parts: Any,
) -> ExperimentResults:
    """Solve problems under policies and compare the plans.

    The request is what `POST /v1/experiments` takes, as one mapping or by `parts`: `problems=[{"problem": ...}]`,
    `policies=[{"id": "tight", "policy": ...}]`, `grid`, `seeds`, `options`... Problems may hold frames, as in `solve`.

    `slots` solves run at a time, by default as many as there are processors. `on_progress` hears how far it is. Ctrl-C
    stops it and answers with what there is: its `status` is "partial" then.

    Raises:
        InvalidError: what was given cannot be used.
        FailedError: the experiment failed.
    """
    wanted = read(ExperimentRequest, _body(request, parts))
    settings = UNLIMITED | ({} if slots is None else {"COVERPLAN_SLOTS": str(slots)})
    with (
        tempfile.TemporaryDirectory(prefix="coverplan-experiment-") as folder,
        own_service(Path(folder) / "service.log", Path(folder) / "state", settings) as url,
        Client(url) as client,
    ):
        try:
            return _compared(client, wanted, on_progress)
        except RefusedError as refusal:
            found = refusal.document
            if not found.errors:
                raise
            raise InvalidError(IssueReport(errors=found.errors, total_errors=found.total_errors)) from None


def _body(request: ExperimentRequest | Mapping[str, Any] | None, parts: Mapping[str, Any]) -> dict[str, Any]:
    """The request as the service takes it, the frames of its problems as lists of documents."""
    whole = request.model_dump(mode="json", by_alias=True) if isinstance(request, ExperimentRequest) else request or {}
    body = {**whole, **parts}
    if isinstance(body.get("problems"), list | tuple):
        body["problems"] = [_with_documents(one) for one in body["problems"]]
    return body


def _with_documents(one: object) -> object:
    return {**one, "problem": problem_body(one["problem"])} if isinstance(one, Mapping) and "problem" in one else one


def _compared(
    client: Client, wanted: ExperimentRequest, on_progress: Callable[[ExperimentState], None] | None
) -> ExperimentResults:
    experiments = client.experiments
    name = experiments.submit(wanted).experiment_id
    try:
        state = experiments.wait(name, on_progress)
    except KeyboardInterrupt:
        experiments.stop(name)
        experiments.wait(name)
        return experiments.results(name, partial=True)
    if state.error is not None:
        raise FailedError(state.error.message, state.error.code)
    return experiments.results(name)
