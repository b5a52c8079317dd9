"""The instances: each can be loaded, and is what its name says."""

import json
from pathlib import Path

import pytest
from benchmarks.instances import books, gap
from benchmarks.judge import formulation_of
from benchmarks.registry import ALL, FULL, QUICK, Instance, instances, selected

from coverplan.payload.answer import solve
from coverplan.payload.options import Options
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.tables.bulk.read import book_document, read_book
from coverplan.tables.bulk.sources import open_book
from coverplan.tables.generate import Shape
from coverplan.verify import verify

BY_NAME = {instance.name: instance for instance in instances()}
needs_gap = pytest.mark.skipif(not gap.available(), reason="../shared/data/gap is absent")


def test_names_are_unique_and_the_quick_ones_are_a_part_of_all() -> None:
    """A name is a row's key."""
    assert len(BY_NAME) == len(instances())
    assert {instance.name for instance in selected(QUICK)} < {instance.name for instance in selected(FULL)}
    assert selected(FULL, ["no such name"]) == []
    assert [instance.name for instance in selected(FULL, ["book/20000x100x12"])] == ["book/20000x100x12"]
    assert len(selected(FULL, ["book/20000x"])) == 5


@pytest.mark.parametrize("instance", instances(), ids=lambda instance: instance.slug)
def test_policies_are_valid_and_peers_exist(instance: Instance) -> None:
    """The policy is read as any caller's would be."""
    rules = Policy.model_validate_json(json.dumps(instance.policy)).rules()

    assert len(rules) == len(instance.policy["constraints"])
    assert set(instance.peers) | set(instance.quick_peers) <= set(ALL)


@needs_gap
def test_all_instances_of_the_literature_are_there() -> None:
    """31 in the folder's list, each with the cost of its best known plan, negated."""
    names = [name for name in BY_NAME if name.startswith("gap/")]

    assert len(names) == 31
    assert BY_NAME["gap/d20200"].best_known == -12238.0


@needs_gap
def test_a_gap_instance_becomes_one_column_per_pair(tmp_path: Path) -> None:
    """5 agents x 100 jobs; the value of a pair is its cost, negated."""
    instance = BY_NAME["gap/c05100"]

    formulation = formulation_of(instance.problem(tmp_path), instance.policy)

    costs, resources, capacities = gap.read("c05100")
    assert formulation.value.reshape(100, 5).T.tolist() == [[-float(cost) for cost in row] for row in costs]
    assert formulation.pairs.hours.reshape(100, 5).T.tolist() == resources
    assert formulation.upper.tolist() == capacities


def test_a_book_is_made_once(tmp_path: Path) -> None:
    """The second call finds what the first one made; another generator's book is made anew."""
    shape = Shape(40, 6, 3, seed=1)
    folder = books.make(shape, tmp_path)
    made = (folder / "accounts.parquet").stat().st_mtime_ns
    again = books.make(shape, tmp_path)

    assert again == folder
    assert (folder / "accounts.parquet").stat().st_mtime_ns == made
    (folder / books.MARK).write_text("an older generator")
    books.make(shape, tmp_path)
    assert (folder / "accounts.parquet").stat().st_mtime_ns > made
    assert read_book(folder).instance.n_accounts == 40


@pytest.mark.parametrize(
    ("rules", "roles"),
    [
        (books.CARVE, 1),
        (books.HARD_BALANCE, 1),
        (books.FEW_MOVES, 1),
        (books.FAMILIES, 1),
        (books.PODS, 2),
    ],
    ids=["carve", "hard-balance", "few-moves", "families", "pods"],
)
def test_the_rules_of_the_books_admit_a_plan(rules: books.Rules, roles: int, tmp_path: Path) -> None:
    """A solver finds one, and it stands up to verification."""
    facts = book_document(open_book(books.make(Shape(60, 10, 4, seed=1, roles=roles), tmp_path)))
    problem = Problem.model_validate_json(json.dumps(facts))
    policy = Policy.model_validate_json(json.dumps({"constraints": rules}))

    plan = solve(problem, policy, Options(time_limit_s=20, relative_gap=0.05))

    assert plan.solution_status in {"optimal", "feasible"}
    assert verify(problem.model_dump(mode="json"), policy.filled(), plan.model_dump(mode="json")).ok
