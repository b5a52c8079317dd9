"""The cells that an experiment wants, before and after others have ended."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

from coverplan.payload.experiments.cells import Cell, CellFacts
from coverplan.payload.experiments.checks import check_experiment
from coverplan.payload.experiments.wanted import estimate, wanted
from support.experiments import request_of

Document = dict[str, Any]
PROBLEM: Document = {"accounts": [{"id": "a"}], "reps": [{"id": "r"}]}
HARD: Document = {"constraints": [{"kind": "capacity"}]}
TOLERANCE = "/constraints/[id=balance]/tolerance"


def cells(facts: dict[str, CellFacts] | None = None, **fields: Any) -> list[Cell]:
    request = request_of({"problems": [{"problem": PROBLEM}], **fields})
    return wanted(request, check_experiment(request), facts or {})


def kinds(found: list[Cell]) -> Counter[str]:
    return Counter(cell.kinds[0] for cell in found)


def ended(found: list[Cell], value: float = 10.0) -> dict[str, CellFacts]:
    return {cell.key: CellFacts("completed", "optimal", value, value) for cell in found}


def test_problems_times_policies_times_seeds() -> None:
    found = cells(
        problems=[{"problem": PROBLEM}, {"problem": PROBLEM}],
        policies=[{"policy": HARD}, {"policy": {"constraints": []}}],
        seeds=[3, 5, 8],
    )

    assert kinds(found) == {"policy": 12}
    assert {(cell.problem, cell.labels[0], cell.options.seed) for cell in found} == {
        (problem, policy, seed) for problem in (0, 1) for policy in ("policy-1", "policy-2") for seed in (3, 5, 8)
    }


def test_without_seeds_the_options_say_it() -> None:
    (only,) = cells(policies=[{"policy": HARD}], options={"seed": 9})

    assert only.options.seed == 9


def test_equal_policies_are_one_cell_with_two_labels() -> None:
    """Name and order of the rules make no difference, nor does a default that is written out."""
    one = {"name": "x", "constraints": [{"kind": "must_cover"}, {"kind": "capacity", "utilisation": 1.0}]}
    other = {"constraints": [{"kind": "capacity"}, {"kind": "must_cover"}]}

    (only,) = cells(policies=[{"policy": one}, {"policy": other}])

    assert only.labels == ("x", "policy-2")


def test_keys_tell_options_policies_problems_and_perturbations_apart() -> None:
    found = [
        *cells(policies=[{"policy": HARD}]),
        *cells(policies=[{"policy": HARD}], options={"time_limit_s": 3}),
        *cells(policies=[{"policy": {"constraints": []}}]),
        *cells(policies=[{"policy": HARD}], problems=[{"id": "x", "problem": PROBLEM}]),
        *cells(policies=[{"policy": HARD}], stability={"samples": 2})[1:],
    ]

    assert len({cell.key for cell in found}) == len(found) == 6


def test_policies_that_share_hard_rules_share_the_bound_by_the_reference() -> None:
    """The default policy and two tolerances of its soft balance have the hard rule `capacity` alone."""
    found = cells(policies=[{}], grid={"axes": [{"path": TOLERANCE, "values": [0.1, 0.2]}]})

    assert kinds(found) == {"policy": 3, "reference": 1}
    (reference,) = (cell for cell in found if "reference" in cell.kinds)
    assert [rule.kind for rule in reference.policy.rules()] == ["capacity"]
    assert len(reference.labels) == 3


def test_a_policy_whose_objective_is_the_reference_needs_no_further_bound() -> None:
    """Weights and soft rules agree; ids, order, hard rules and penalties of 0 make no difference."""
    soft = {"kind": "balance", "id": "mine", "penalty": 0.2}
    free = {"kind": "must_cover", "penalty": 0}
    reference = {"constraints": [{"kind": "balance", "penalty": 0.2}]}

    found = cells(policies=[{"policy": {"constraints": [free, soft, {"kind": "capacity"}]}}], reference=reference)
    other = cells(policies=[{"policy": {"objective": {"relationship_loss": 2}, "constraints": [soft]}}],
                  reference=reference)  # fmt: skip

    assert kinds(found) == {"policy": 1}
    assert kinds(other) == {"policy": 1, "reference": 1}


def test_the_default_reference_has_the_weights_of_the_baseline() -> None:
    weighty = {"objective": {"relationship_loss": 2}, "constraints": []}
    found = cells(policies=[{"policy": HARD}, {"id": "base", "policy": weighty}], baseline="base")

    (reference,) = (cell for cell in found if "reference" in cell.kinds)
    assert reference.policy.objective.relationship_loss == 2
    assert reference.labels == ("policy-1",)


def test_rules_are_left_out_one_by_one_and_two_by_two() -> None:
    rules = [{"kind": "capacity"}, {"kind": "must_cover"}, {"kind": "account_count", "max": 3}]
    single = cells(policies=[{"policy": {"constraints": rules}}], rule_prices={})
    pairs = cells(policies=[{"policy": {"constraints": rules}}], rule_prices={"pairs": True})

    assert kinds(single) == {"policy": 1, "rule": 3}
    assert kinds(pairs) == {"policy": 1, "rule": 6}
    assert {tuple(rule.kind for rule in cell.policy.rules()) for cell in pairs if cell.kinds == ("rule",)} == {
        ("must_cover", "account_count"),
        ("capacity", "account_count"),
        ("capacity", "must_cover"),
        ("capacity",),
        ("must_cover",),
        ("account_count",),
    }


def test_a_policy_without_its_only_rule_is_a_policy_without_rules() -> None:
    """Not the default one."""
    found = cells(policies=[{"policy": HARD}], rule_prices={})

    assert found[-1].policy.constraints == []


def test_perturbed_problems_are_the_same_for_all_policies() -> None:
    found = cells(
        policies=[{"id": "x", "policy": HARD}, {"id": "y", "policy": {"constraints": []}}],
        stability={"policies": ["x", "y"], "samples": 3, "hours": 0.4},
    )

    shaken = [cell.perturbation for cell in found if cell.perturbation is not None]
    assert len(shaken) == 6
    assert shaken[:3] == shaken[3:]
    assert len({one.seed for one in shaken}) == 3
    assert {one.hours for one in shaken} == {0.4}


def test_measuring_plans_on_perturbed_problems_needs_no_solve() -> None:
    assert kinds(cells(policies=[{"policy": HARD}], stability={"mode": "evaluate"})) == {"policy": 1}


FRONTIER = {"bounds": [{"metric": "moved_share", "from": 0.0, "to": 0.8}], "points": 8}


def test_a_frontier_begins_evenly_spaced_and_goes_on_where_it_hides_most() -> None:
    """Five points; then, value 0 up to 0.2 and 10 from 0.4 on, between these; then in the half that bends."""

    def value(cell: Cell) -> float:
        (rule,) = (one for one in cell.policy.rules() if one.kind == "keep_current")
        return 10.0 if rule.model_dump()["max_moved_share"] > 0.27 else 0.0

    facts: dict[str, CellFacts] = {}
    rounds = []
    while True:
        new = [cell for cell in cells(facts, policies=[{"policy": HARD}], frontier=FRONTIER) if cell.key not in facts]
        if not new:
            break
        rounds.append([cell.labels[0].removeprefix("policy-1: moved_share <= ") for cell in new])
        for cell in new:
            found = value(cell) if "frontier" in cell.kinds else 0.0
            facts[cell.key] = CellFacts("completed", "optimal", found, found)

    assert rounds == [["policy-1", "0", "0.2", "0.4", "0.6", "0.8"], ["0.3"], ["0.25"], ["0.275"]]


def test_a_flat_frontier_asks_for_no_more() -> None:
    fields: Document = {"policies": [{"policy": HARD}], "frontier": FRONTIER}
    first = cells(**fields)

    assert kinds(first) == {"policy": 1, "frontier": 5}
    assert cells(ended(first), **fields) == first


def test_points_wait_for_the_round_before_them() -> None:
    fields: Document = {"policies": [{"policy": HARD}], "frontier": FRONTIER}
    first = cells(**fields)
    facts = {key: CellFacts("failed") for key in ended(first)}
    last = facts.popitem()

    assert cells(facts, **fields) == first
    assert len(cells(dict([*facts.items(), last]), **fields)) > len(first)


def test_two_bounds_share_the_points() -> None:
    """Nine points: three levels of the second bound, three points each."""
    bounds = [{"metric": "balance", "from": 0.1, "to": 0.3}, {"metric": "uncovered_share", "from": 0.0, "to": 0.5}]
    found = cells(policies=[{"policy": HARD}], frontier={"bounds": bounds, "points": 9})

    points = [cell for cell in found if cell.kinds == ("frontier",)]
    assert len(points) == 9
    assert [rule.kind for rule in points[0].policy.rules()] == ["capacity", "balance", "coverage"]
    assert {rule.model_dump()["min_share"] for cell in points for rule in cell.policy.rules()[2:]} == {1.0, 0.75, 0.5}


def test_the_bound_on_balance_stands_for_the_rules_of_its_measure() -> None:
    rules = [
        {"kind": "balance", "tolerance": 0.01},
        {"kind": "balance", "tolerance": 0.02, "measure": "accounts"},
        {"kind": "must_cover", "penalty": 5},
    ]
    frontier = {"bounds": [{"metric": "balance", "from": 0.1, "to": 0.3}]}
    found = cells(policies=[{"policy": {"constraints": rules}}], frontier=frontier)

    point = next(cell for cell in found if cell.kinds == ("frontier",))
    assert [(rule.kind, rule.model_dump().get("measure")) for rule in point.policy.rules()] == [
        ("balance", "accounts"),
        ("balance", "revenue"),
    ]


def test_neighbours_in_a_grid_follow_each_other() -> None:
    """Each policy differs from the one before it in one value, by one step."""
    axes = [
        {"path": TOLERANCE, "values": [0, 1, 2]},
        {"path": "/objective/relationship_loss", "values": [0, 1, 2]},
        {"path": "/objective/expected_revenue", "values": [0, 1]},
    ]
    found = [cell for cell in cells(grid={"axes": axes}) if "policy" in cell.kinds]

    assert [cell.near for cell in found] == sorted(cell.near for cell in found)
    walk = [[int(part.split("=")[1]) for part in cell.labels[0].split(", ")] for cell in found]
    steps = [sum(abs(a - b) for a, b in zip(one, other, strict=True)) for one, other in itertools.pairwise(walk)]
    assert steps == [1] * 17


def test_the_estimate_counts_what_may_come() -> None:
    request = request_of(
        {
            "problems": [{"problem": PROBLEM}],
            "grid": {"axes": [{"path": TOLERANCE, "values": [0.1, 0.2]}]},
            "options": {"time_limit_s": 10},
            "frontier": FRONTIER,
            "rule_prices": {},
            "stability": {"samples": 4},
        }
    )

    found = estimate(request, check_experiment(request), at_once=3)

    # The first policy without each of its three rules; the bound by the reference is by capacity alone, and each policy
    # is solved twice more, for the most and the least that its own objective takes.
    assert found.by_kind.model_dump() == {"policy": 2, "reference": 5, "frontier": 8, "rule": 3, "stability": 4}
    assert (found.cells, found.solve_seconds_at_most, found.seconds_at_most) == (22, 220, 80)
    assert [one.id for one in found.policies] == ["balance.tolerance=0.1", "balance.tolerance=0.2"]
    assert found.policies[0].patches[0].value == 0.1


def test_a_longer_frontier_begins_like_a_shorter_one() -> None:
    """So that what an experiment has solved still counts when it asks for more points."""

    def run(points: int) -> list[Cell]:
        facts: dict[str, CellFacts] = {}
        while True:
            found = cells(facts, policies=[{"policy": HARD}], frontier={**FRONTIER, "points": points})
            new = [cell for cell in found if cell.key not in facts]
            if not new:
                return found
            for cell in new:
                limit = [rule.model_dump().get("max_moved_share", 0.0) for rule in cell.policy.rules()][-1]
                facts[cell.key] = CellFacts("completed", "optimal", 100 * limit**0.5, 100 * limit**0.5)

    shorter, longer = run(8), run(12)

    assert kinds(shorter)["frontier"] == 8
    assert kinds(longer)["frontier"] == 12
    assert {cell.key for cell in shorter} < {cell.key for cell in longer}


def test_policies_that_differ_only_in_ids_are_solved_once() -> None:
    """Also where two rules of a kind change places, and with them the ids that they have by default."""
    even = {"kind": "balance", "measure": "revenue", "penalty": 0.1}
    hours = {"kind": "balance", "measure": "hours", "penalty": 0.2}
    apart = {"kind": "exclusive", "groups": [{"id": "x", "accounts": {"ids": ["a"]}}, {"id": "y", "accounts": {}}]}
    swapped = {"kind": "exclusive", "groups": [{"id": "u", "accounts": {}}, {"id": "v", "accounts": {"ids": ["a"]}}]}
    rules = [[even, hours, apart], [hours, even, swapped], [{**even, "id": "mine"}, {**hours, "id": "balance"}, apart]]
    other = [even, {**hours, "penalty": 0.1}, apart]
    policies = [{"policy": {"constraints": one}} for one in (*rules, other)]

    found = cells(policies=policies, reference={"constraints": []})

    assert [cell.labels for cell in found if cell.kinds[0] == "policy"] == [
        ("policy-1", "policy-2", "policy-3"),
        ("policy-4",),
    ]
    assert kinds(found) == {"policy": 2, "reference": 1}


def test_deterministic_cells_begin_with_one_that_is_named_beforehand() -> None:
    """Per problem the first policy with the first seed goes first; the estimate knows the others from the start."""
    asked: Document = {
        "problems": [{"problem": PROBLEM}, {"problem": PROBLEM}],
        "policies": [{"policy": HARD}, {"policy": {"constraints": []}}],
        "seeds": [3, 5],
        "options": {"deterministic": True},
    }
    first = cells(**asked)
    others = cells(ended(first), **asked)

    assert [(cell.problem, cell.labels, cell.options.seed) for cell in first] == [
        (problem, ("policy-1",), 3) for problem in (0, 1)
    ]
    assert len(others) == 8
    named = {cell.problem: cell.key for cell in first}
    assert all(cell.start_from == (None if cell in first else named[cell.problem]) for cell in others)
    assert cells(ended(others[:1]), **asked)[:1] == first[:1]  # one problem does not wait for the other
    assert len(cells(ended(others[:1]), **asked)) == 5
    request = request_of(asked)
    assert estimate(request, check_experiment(request)).cells == 8


def test_without_sharing_or_determinism_no_cell_waits() -> None:
    policies = [{"policy": HARD}, {"policy": {"constraints": []}}]
    choices: list[Document] = [{"share": False, "options": {"deterministic": True}}, {"share": True}]
    for asked in choices:
        found = cells(policies=policies, **asked)

        assert len(found) == 2
        assert {cell.start_from for cell in found} == {None}
