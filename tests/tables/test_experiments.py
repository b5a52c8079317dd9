"""Experiments as tables read back equal."""

import io

import polars as pl
from polars.testing import assert_frame_equal

from coverplan.tables.experiments import experiment_csv, experiment_parquet, experiment_table
from coverplan.tables.plans import restored
from support import experiment_results


def test_rows_are_problems_by_policies_by_seeds() -> None:
    """2 x 3 x 2; on emea `rigid` has no plan, and only `gentle` is accepted."""
    table = experiment_table(experiment_results.results())

    assert table.height == 12
    assert table.filter(pl.col("accepted"))["policy_id"].unique().to_list() == ["gentle"]
    first = table.row(0, named=True)
    assert (first["problem_id"], first["policy_id"], first["seed"]) == ("emea", "gentle", 0)
    assert (first["reference_objective"], first["reference_bound"]) == (1000.0, 1010.0)
    assert (first["net_revenue"], first["gap"], first["travel"]) == (1000.0, 0.0123, None)
    without = table.filter(policy_id="rigid", problem_id="emea")
    assert without["solution_status"].to_list() == ["infeasible"] * 2
    assert without["net_revenue"].null_count() == 2


def test_parquet_reads_back_equal() -> None:
    """Columns, kinds and values."""
    results = experiment_results.results()

    assert_frame_equal(pl.read_parquet(io.BytesIO(experiment_parquet(results))), experiment_table(results))


def test_csv_reads_back_equal_and_holds_no_formula() -> None:
    """Ids that a spreadsheet would run get an apostrophe, which reading takes away again; no digit is lost."""
    document = experiment_results.document()
    evil = ["=1+1", "+a", "-b", "@c", "'=d", 'e",\r\nf']
    for row, name in zip(document["rows"], evil, strict=False):
        row["policy_id"] = name
    document["rows"][0]["metrics"]["gap"] = 1.23456789e-8
    results = experiment_results.results(rows=document["rows"])
    table = experiment_table(results)

    read = pl.read_csv(experiment_csv(results), schema=table.schema)

    assert read["policy_id"].head(6).to_list() == ["'=1+1", "'+a", "'-b", "'@c", "''=d", 'e",\r\nf']
    assert_frame_equal(read.with_columns(restored(read["policy_id"])), table, check_exact=True)


def test_nothing_solved_is_a_table_without_rows() -> None:
    """The columns are there all the same."""
    table = experiment_table(experiment_results.results(rows=[]))

    assert table.height == 0
    assert "net_revenue" in table.columns
