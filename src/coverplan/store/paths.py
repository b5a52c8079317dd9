"""Where blobs lie: paths of our own ids only."""

from __future__ import annotations

import secrets

RUNS, DATASETS, EXPERIMENTS, PROBES = "runs", "datasets", "experiments", "probes"


def run(run_id: str) -> str:
    """The folder of a run."""
    return f"{RUNS}/{run_id}"


def request(run_id: str) -> str:
    """What was asked."""
    return f"{run(run_id)}/request.json"


def checkpoint(run_id: str) -> str:
    """The best plan so far, as a solver left it."""
    return f"{run(run_id)}/checkpoint.npz"


def plan(run_id: str, attempt: int) -> str:
    """The plan; each attempt has its own, and the run says which one counts."""
    return f"{run(run_id)}/plan-{attempt}.json"


def seats(run_id: str, attempt: int) -> str:
    """The seats of a plan of a dataset, as a table."""
    return f"{run(run_id)}/seats-{attempt}.parquet"


def dataset(dataset_id: str) -> str:
    """The folder of a dataset."""
    return f"{DATASETS}/{dataset_id}"


def table(dataset_id: str, name: str, suffix: str) -> str:
    """A new place for a table of a dataset; its name is one of the fixed list."""
    return f"{dataset(dataset_id)}/{name}-{secrets.token_hex(6)}.{suffix}"


def patch(dataset_id: str) -> str:
    """What changes from its parent."""
    return f"{dataset(dataset_id)}/patch.json"


def experiment(experiment_id: str) -> str:
    """The folder of an experiment."""
    return f"{EXPERIMENTS}/{experiment_id}"


def experiment_request(experiment_id: str, version: int) -> str:
    """What was asked, with the policies that it names; its problems lie beside it."""
    return f"{experiment(experiment_id)}/request-{version}-{secrets.token_hex(4)}.json"


def experiment_bases(request_path: str) -> str:
    """The stored policies that such a request names."""
    return request_path.replace("/request-", "/bases-")


def experiment_problem(experiment_id: str, digest: str, mark: str) -> str:
    """A problem of an experiment, stored once however many cells solve it; `mark` is of the call that sent it."""
    return f"{experiment(experiment_id)}/problems/{digest}-{mark}.json"


def cell(experiment_id: str, key: str) -> str:
    """What the run of a cell has to do."""
    return f"{experiment(experiment_id)}/cells/{key}.json"


def results(experiment_id: str, stage: int) -> str:
    """What an experiment came to; the experiment says which one counts."""
    return f"{experiment(experiment_id)}/results-{stage}.json"
