"""Experiments as tables: one row per problem, policy and seed, one column per metric; CSV and Parquet."""

from __future__ import annotations

import io

import polars as pl

from coverplan.payload.experiments.answer import rows_of
from coverplan.payload.experiments.results import ExperimentResults
from coverplan.tables.plans import neutral_texts

TEXTS = ("problem_id", "policy_id", "run_id", "solution_status")
KINDS = dict.fromkeys(TEXTS, pl.String) | {"seed": pl.Int64, "accepted": pl.Boolean}
LEADING = ("problem_id", "policy_id", "seed", "run_id", "solution_status", "accepted")


def experiment_table(results: ExperimentResults) -> pl.DataFrame:
    """The rows of the results; `accepted`: whether the policy has every plan and meets every acceptance rule."""
    accepted = set(results.accepted)
    rows = [row | {"accepted": row["policy_id"] in accepted} for row in rows_of(results)]
    amounts = ("reference_objective", "reference_bound", *(metric.name for metric in results.metrics))
    schema = {name: KINDS[name] for name in LEADING} | dict.fromkeys(amounts, pl.Float64)
    return pl.DataFrame(rows, schema=schema, orient="row")


def experiment_csv(results: ExperimentResults) -> bytes:
    """CSV with text cells that no spreadsheet takes for formulas; numbers with all their digits."""
    table = neutral_texts(experiment_table(results).lazy()).collect()
    return table.write_csv(line_terminator="\r\n").encode()


def experiment_parquet(results: ExperimentResults) -> bytes:
    """The same as Parquet, texts as they are."""
    packed = io.BytesIO()
    experiment_table(results).write_parquet(packed)
    return packed.getvalue()
