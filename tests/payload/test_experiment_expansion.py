"""Policies of an experiment: patches, grids, ids, and every fault at its place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.payload.experiments.cells import NamedPolicy, StoredPolicies
from coverplan.payload.experiments.checks import check_experiment, policies_of
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.issues import Issue, PayloadError
from coverplan.payload.policy import Policy
from coverplan.payload.policy_checks import Known
from support.brute import documents
from support.experiments import request_of
from support.sampling import examples

Document = dict[str, Any]
PROBLEM: Document = {"accounts": [{"id": "a"}], "reps": [{"id": "r"}]}
TOLERANCE = "/constraints/[id=balance]/tolerance"
WORDS = st.sampled_from(["kind", "id", "accounts", "top", "max", "constraints", "objective", "penalty", "within", "x"])
SEGMENTS = st.sampled_from(["", "-", "0", "1", "[id=balance]", "[id=", "~", "accounts", "constraints", "name", "reps"])
SCALARS = st.none() | st.booleans() | st.integers(-3, 10**20) | st.floats(-2, 2) | st.sampled_from(["x", "id", ""])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=3))
PATHS = st.one_of(
    st.lists(SEGMENTS | WORDS, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts)),
    st.sampled_from(["/constraints", "/constraints/-", TOLERANCE, "/constraints/0/id", "/candidates", "x"]),
)


def request(**fields: Any) -> ExperimentRequest:
    return request_of({"problems": [{"problem": PROBLEM}], **fields})


def patched(*patches: Document, policy: Document | None = None) -> Document:
    base = {} if policy is None else {"policy": policy}
    return {"policies": [{**base, "patches": list(patches)}]}


def expanded(**fields: Any) -> list[NamedPolicy]:
    return check_experiment(request(**fields))


def faults(**fields: Any) -> list[Issue]:
    with pytest.raises(PayloadError) as refusal:
        check_experiment(request(**fields))
    return refusal.value.report.errors


def rules(policy: Policy) -> dict[str, Document]:
    return {str(rule.id): rule.model_dump(mode="json") for rule in policy.rules()}


def test_without_policies_and_grid_there_is_the_default_policy() -> None:
    (only,) = expanded()

    assert only.id == "policy-1"
    assert set(rules(only.policy)) == {"capacity", "balance", "keep_current"}


def test_patches_change_append_and_remove() -> None:
    (only,) = expanded(
        **patched(
            {"path": TOLERANCE, "value": 0.3},
            {"path": "/constraints/0/utilisation", "value": 1},
            {"path": "/constraints/-", "value": {"kind": "must_cover"}},
            {"path": "/constraints/[id=must_cover]/accounts/kind", "value": "customer"},
            {"path": "/constraints/[id=capacity]", "remove": True},
            {"path": "/objective/relationship_loss", "value": 2},
            {"path": "/candidates", "value": {"per_seat": 3}},
        )
    )

    found = rules(only.policy)
    assert set(found) == {"balance", "keep_current", "must_cover"}
    assert found["balance"]["tolerance"] == 0.3
    assert found["must_cover"]["accounts"]["kind"] == "customer"
    assert (only.policy.objective.relationship_loss, only.policy.candidates.per_seat) == (2, 3)
    assert len(only.patches) == 7


def test_a_removed_field_gets_its_default_and_null_is_a_value() -> None:
    policy = {"constraints": [{"kind": "balance", "tolerance": 0.4, "penalty": 0.2}]}

    (only,) = expanded(
        **patched(
            {"path": TOLERANCE, "remove": True},
            {"path": "/constraints/[id=balance]/penalty", "value": None},
            policy=policy,
        )
    )

    assert (rules(only.policy)["balance"]["tolerance"], rules(only.policy)["balance"]["penalty"]) == (0.15, None)


def test_ids_with_slashes_and_tildes_are_escaped() -> None:
    policy = {"constraints": [{"kind": "balance", "id": "a/b~c", "penalty": 1}]}

    (only,) = expanded(**patched({"path": "/constraints/[id=a~1b~0c]/tolerance", "value": 0.5}, policy=policy))

    assert rules(only.policy)["a/b~c"]["tolerance"] == 0.5


def test_a_grid_is_all_combinations_the_first_axis_slowest() -> None:
    axes = [
        {"path": TOLERANCE, "values": [0.05, 0.1]},
        {"path": "/objective/relationship_loss", "values": [1, 2], "label": "loss"},
    ]

    found = expanded(policies=[{"id": "as is"}], grid={"axes": axes})

    assert [one.id for one in found] == [
        "as is",
        "balance.tolerance=0.05, loss=1",
        "balance.tolerance=0.05, loss=2",
        "balance.tolerance=0.1, loss=1",
        "balance.tolerance=0.1, loss=2",
    ]
    assert [rules(one.policy)["balance"]["tolerance"] for one in found] == [0.15, 0.05, 0.05, 0.1, 0.1]
    assert found[-1].patches[1].value == 2


def test_ids_default_to_names_and_are_numbered_where_they_repeat() -> None:
    named = {"policy": {"name": "mild"}}
    found = expanded(policies=[named, named, {}, {"id": "mild (2)"}, {"policy_ref": None}])

    assert [one.id for one in found] == ["mild", "mild (3)", "policy-3", "mild (2)", "policy-5"]


def test_stored_policies_are_taken_by_name_and_version() -> None:
    stored = {("gentle", 2): Policy(name="by hand"), ("gentle", None): Policy(constraints=[])}
    asked = request(
        policies=[{"policy_ref": {"name": "gentle", "version": 2}}, {"policy_ref": {"name": "gentle"}}],
        grid={"policy_ref": {"name": "gentle", "version": 2}, "axes": [{"path": TOLERANCE, "values": [0.3]}]},
    )

    assert [one.id for one in policies_of(asked, stored)] == ["by hand", "gentle", "balance.tolerance=0.3"]


WRONG: list[tuple[str, str, str | None, Document]] = [
    ("unknown_path", "/policies/0/patches/0/path", 'Did you mean "[id=balance]"?',
     patched({"path": "/constraints/[id=balanc]/tolerance", "value": 1})),
    ("unknown_path", "/policies/0/patches/0/path", 'Did you mean "tolerance"?',
     patched({"path": "/constraints/[id=balance]/tolerence", "value": 1})),
    ("unknown_path", "/policies/0/patches/0/path", 'Did you mean "objective"?',
     patched({"path": "/objectiv", "value": {}})),
    ("unknown_path", "/policies/0/patches/0/path", None, patched({"path": "/constraints/7", "value": {}})),
    ("unknown_path", "/policies/0/patches/0/path", "There is nothing below it.",
     patched({"path": TOLERANCE + "/x", "value": 1})),
    ("unknown_path", "/policies/0/patches/0/path", None, patched({"path": "/constraints/-", "remove": True})),
    ("invalid_value", "/policies/0/patches/0/path", "Put / in front.", patched({"path": "constraints", "value": []})),
    ("missing_field", "/policies/0/patches/0", None, patched({"path": TOLERANCE})),
    ("invalid_value", "/policies/0/patches/0/remove", None, patched({"path": TOLERANCE, "value": 1, "remove": True})),
    ("out_of_range", "/policies/0/patches/0/value", None, patched({"path": TOLERANCE, "value": -1})),
    ("wrong_type", "/policies/0/patches/1/value", None,
     patched({"path": TOLERANCE, "value": 1}, {"path": TOLERANCE, "value": "much"})),
    ("unknown_value", "/policies/0/patches/0/value/measure", 'Did you mean "revenue"?',
     patched({"path": "/constraints/-", "value": {"kind": "balance", "measure": "revenu"}})),
    ("unknown_kind", "/policies/0/patches/0/value/kind", None,
     patched({"path": "/constraints/-", "value": {"kind": "balanced"}})),
    ("missing_field", "/policies/0/patches/0/path", None,
     patched({"path": "/constraints/[id=coverage]/min_share", "remove": True},
             policy={"constraints": [{"kind": "coverage", "min_share": 0.5}]})),
    ("unknown_territory", "/policies/0/patches/0/value/within/0", None,
     patched({"path": "/constraints/-", "value": {"kind": "balance", "id": "b", "within": ["x"]}})),
    ("unknown_segment", "/policies/0/policy/constraints/1/accounts/segment/0", None,
     patched({"path": "/constraints/[id=capacity]", "remove": True},
             policy={"constraints": [{"kind": "capacity"}, {"kind": "protect", "accounts": {"segment": ["x"]}}]})),
    ("contradictory_bounds", "/policies/0/patches/0/value", None,
     patched({"path": "/constraints/0/min", "value": 5},
             policy={"constraints": [{"kind": "account_count", "max": 2}]})),
    ("duplicate_id", "/policies/0/patches/0/value/id", None,
     patched({"path": "/constraints/-", "value": {"kind": "must_cover", "id": "balance"}})),
    ("invalid_value", "/policies/0/policy_ref", None, {"policies": [{"policy": {}, "policy_ref": {"name": "x"}}]}),
    ("unknown_policy", "/policies/0/policy_ref/name", None, {"policies": [{"policy_ref": {"name": "x"}}]}),
    ("duplicate_id", "/policies/1/id", None, {"policies": [{"id": "x"}, {"id": "x"}]}),
    ("unknown_policy", "/baseline", 'Did you mean "mild"?', {"policies": [{"id": "mild"}], "baseline": "mid"}),
    ("unknown_policy", "/frontier/policy", None,
     {"frontier": {"policy": "x", "bounds": [{"metric": "balance", "from": 0, "to": 1}]}}),
    ("unknown_policy", "/rule_prices/policy", None, {"rule_prices": {"policy": "x"}}),
    ("unknown_policy", "/stability/policies/0", None, {"stability": {"policies": ["x"]}}),
    ("out_of_range", "/grid/axes/0/values/1", None, {"grid": {"axes": [{"path": TOLERANCE, "values": [0, -1]}]}}),
    ("unknown_path", "/grid/axes/0/path", 'Did you mean "candidates"?',
     {"grid": {"axes": [{"path": "/candidate/per_seat", "values": [1, 2]}]}}),
    ("invalid_value", "/grid/axes/1/path", None,
     {"grid": {"axes": [{"path": TOLERANCE, "values": [1]}, {"path": TOLERANCE, "values": [2]}]}}),
    ("unknown_rep", "/grid/axes/0/values/1/reps/ids/0", None,
     {"grid": {"axes": [{"path": "/constraints/-", "values": [{"kind": "capacity", "id": "c"},
                                                             {"kind": "capacity", "id": "d",
                                                              "reps": {"ids": ["x"]}}]}]}}),
    ("experiment_too_large", "/grid", None,
     {"grid": {"axes": [{"path": f"/objective/{name}", "values": list(range(11))}
                        for name in ("expected_revenue", "relationship_loss", "travel_cost_per_km")]}}),
    ("experiment_too_large", "", None,
     {"seeds": list(range(100)), "stability": {"samples": 500},
      "problems": [{"id": f"p{place}", "problem": PROBLEM} for place in range(20)]}),
    ("missing_field", "/problems/0", None, {"problems": [{"id": "x"}]}),
    ("invalid_value", "/problems/0/dataset_id", None, {"problems": [{"problem": PROBLEM, "dataset_id": "x"}]}),
    ("duplicate_id", "/problems/1/id", None, {"problems": [{"problem": PROBLEM, "id": "x"}] * 2}),
    ("no_reps", "/problems/1/problem/reps", None,
     {"problems": [{"problem": PROBLEM}, {"problem": {**PROBLEM, "reps": []}}]}),
    ("invalid_value", "/seeds/2", None, {"seeds": [1, 2, 1]}),
    ("hard_reference", "/reference/constraints/0", None, {"reference": {"constraints": [{"kind": "capacity"}]}}),
    ("unknown_territory", "/reference/constraints/0/within/0", None,
     {"reference": {"constraints": [{"kind": "balance", "penalty": 1, "within": ["x"]}]},
      "problems": [{"problem": PROBLEM}] * 2}),
    ("invalid_rule", "/accept/1", 'Did you mean "moved"?', {"accept": ["moved < 3", "movd < 3"]}),
    ("invalid_rule", "/accept/0", None, {"accept": ["moved < today"], "today": False}),
    ("invalid_value", "/frontier/bounds/0/to", None,
     {"frontier": {"bounds": [{"metric": "balance", "from": 1, "to": 1}]}}),
    ("invalid_value", "/frontier/bounds/1/metric", None,
     {"frontier": {"bounds": [{"metric": "moved_share", "from": 0, "to": 1}] * 2}}),
    ("out_of_range", "/frontier/bounds/0/to", None,
     {"frontier": {"bounds": [{"metric": "moved_share", "from": 0, "to": 2}]}}),
    ("out_of_range", "/frontier/points", None,
     {"frontier": {"points": 3, "bounds": [{"metric": "moved_share", "from": 0, "to": 1},
                                           {"metric": "balance", "from": 0, "to": 1}]}}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "pointer", "suggestion", "fields"), WRONG)
def test_each_fault_is_at_its_place(code: str, pointer: str, suggestion: str | None, fields: Document) -> None:
    found = faults(**fields)

    assert [(issue.code, issue.pointer) for issue in found] == [(code, pointer)]
    assert suggestion is None or suggestion in (found[0].suggestion or "")


TWO_RULES = [{"kind": "capacity"}, {"kind": "balance", "tolerance": 0.3}]
AXIS_VALUES: dict[str, list[Any]] = {
    "/constraints": [TWO_RULES, TWO_RULES[:1]],
    "/constraints/1": [{"kind": "balance", "id": "balance", "tolerance": 0.2}],
    "/constraints/[id=balance]/measure": ["revenue", "accounts"],
    "/objective": [{"relationship_loss": 2}],
}


def two_axes(first: str, second: str) -> Document:
    axes = [{"path": path, "values": AXIS_VALUES.get(path, [0.1, 0.2])} for path in (first, second)]
    return {"grid": {"policy": {"constraints": TWO_RULES}, "axes": axes}}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (TOLERANCE, "/constraints/1/tolerance"),
        ("/constraints/1/tolerance", TOLERANCE),
        ("/constraints/1/tolerance", "/constraints/01/tolerance"),
        (TOLERANCE, "/constraints/1"),
        (TOLERANCE, "/constraints"),
        ("/objective/travel_cost_per_km", "/objective"),
    ],
)
def test_an_axis_that_undoes_an_earlier_one_is_refused(first: str, second: str) -> None:
    """By its place, however that is spelled; the reason names the earlier one."""
    found = faults(**two_axes(first, second))

    assert [(issue.code, issue.pointer) for issue in found] == [("invalid_value", "/grid/axes/1/path")]
    assert first in found[0].message


@pytest.mark.parametrize(
    ("first", "second", "policies"),
    [
        ("/constraints/1", TOLERANCE, 2),  # the second goes on where the first has been
        (TOLERANCE, "/constraints/[id=balance]/measure", 4),
        ("/constraints/0/utilisation", "/constraints/1/tolerance", 4),
    ],
)
def test_axes_of_different_places_go_together(first: str, second: str, policies: int) -> None:
    found = expanded(**two_axes(first, second))

    assert len({one.policy.model_dump_json() for one in found}) == policies


def test_all_faults_come_together() -> None:
    found = faults(
        policies=[{"patches": [{"path": "/x", "value": 1}, {"path": TOLERANCE, "value": "y"}]}],
        grid={"axes": [{"path": TOLERANCE, "values": [-1, 0.1, "z"]}, {"path": "/y", "values": [1, 2]}]},
        seeds=[3, 3],
        accept=["nothing"],
    )

    assert {issue.pointer for issue in found} == {
        "/policies/0/patches/0/path",
        "/policies/0/patches/1/value",
        "/grid/axes/0/values/0",
        "/grid/axes/0/values/2",
        "/grid/axes/1/path",
        "/seeds/1",
        "/accept/0",
    }
    assert len(found) == 7


def test_an_unknown_path_says_where_it_ends_and_what_it_was() -> None:
    (issue,) = faults(**patched({"path": "/objective/relationship_los", "value": 1}))

    assert issue.value == "/objective/relationship_los"
    assert "no relationship_los at /objective" in issue.message


def test_a_fault_on_one_of_several_problems_names_it() -> None:
    other = {**PROBLEM, "territories": [{"id": "west"}]}
    problems = [{"id": "here", "problem": other}, {"id": "there", "problem": PROBLEM}]
    rule = {"kind": "balance", "within": ["west"]}

    (issue,) = faults(problems=problems, policies=[{"policy": {"constraints": [rule]}}])

    assert issue.pointer == "/policies/0/policy/constraints/0/within/0"
    assert "On problem there." in issue.message


def test_datasets_are_checked_by_what_they_hold() -> None:
    asked = request_of(
        {
            "problems": [{"id": "set", "dataset_id": "ds"}],
            "policies": [{"policy": {"constraints": [{"kind": "balance", "within": ["west"]}]}}],
        }
    )
    here = Known.of(documents(PROBLEM, {})[0])

    assert len(check_experiment(asked)) == 1
    with pytest.raises(PayloadError) as refusal:
        check_experiment(asked, known={"set": here})
    assert [issue.code for issue in refusal.value.report.errors] == ["unknown_territory"]


def test_a_stored_policy_is_blamed_as_a_whole() -> None:
    policy = documents(PROBLEM, {"constraints": [{"kind": "account_count"}]})[1]
    stored: StoredPolicies = {("west", None): policy}

    with pytest.raises(PayloadError) as refusal:
        policies_of(request(policies=[{"policy_ref": {"name": "west"}}]), stored)

    assert [(issue.code, issue.pointer) for issue in refusal.value.report.errors] == [
        ("missing_limit", "/policies/0/policy_ref")
    ]


def test_an_appended_rule_is_shown_by_its_kind_and_fields() -> None:
    values = [{"kind": "keep_current", "max_moved_share": 0.1}, {"kind": "keep_current", "id": "cap", "max_moved": 3}]

    found = expanded(grid={"axes": [{"path": "/constraints/-", "values": values}]})

    assert [one.id for one in found] == ["rule=keep_current max_moved_share 0.1", "rule=cap"]


@given(
    patches=st.lists(st.tuples(PATHS, VALUES), min_size=1, max_size=3),
    path=PATHS,
    values=st.lists(VALUES, min_size=1, max_size=3),
)
@examples(60)
def test_any_patch_is_applied_or_refused(patches: list[tuple[str, Any]], path: str, values: list[Any]) -> None:
    """Whatever stands there; a refusal points into the request."""
    fields = patched(*({"path": path, "value": value} for path, value in patches))
    asked = request(**fields, grid={"axes": [{"path": path, "values": values}]})
    made, pointers = 0, []

    try:
        made = len(check_experiment(asked))
    except PayloadError as refusal:
        pointers = [issue.pointer for issue in refusal.report.errors]

    assert all(at.startswith(("/policies/0", "/grid")) for at in pointers)
    assert pointers or made == 1 + len(values)
