"""From bytes to documents: what is right is read, what is wrong is named, nothing crashes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.issues import IssueReport, PayloadError
from coverplan.payload.json_text import clean, read_json
from coverplan.payload.policies import PolicyRequest
from coverplan.payload.problem import Problem
from coverplan.payload.reading import examine, read_document, read_policy, read_problem
from coverplan.payload.requests import SolveRequest

SMALLEST = {"accounts": [{"id": "a"}], "reps": [{"id": "r"}]}


def report_of(data: bytes, at: str = "") -> IssueReport:
    with pytest.raises(PayloadError) as caught:
        read_document(SolveRequest, data, at)
    return caught.value.report


def found(data: bytes, at: str = "") -> set[tuple[str, str]]:
    return {(issue.code, issue.pointer) for issue in report_of(data, at).issues}


def body(**problem: Any) -> bytes:
    return json.dumps({"problem": {**SMALLEST, **problem}}).encode()


def test_the_smallest_problem_is_accounts_and_reps_with_ids() -> None:
    problem = read_problem(json.dumps(SMALLEST).encode())

    assert problem.accounts[0].segment == "default"
    assert problem.reps[0].role == "account_executive"
    assert problem.reps[0].capacity_hours is None


def test_dates_are_iso_and_whole_numbers_are_numbers() -> None:
    problem = read_problem(
        b'{"accounts": [{"id": "a", "potential": 5, "current": [{"rep_id": "r", "since": "2023-05-01"}]}],'
        b' "reps": [{"id": "r", "ramp": [0, 1]}], "horizon": {"start": "2026-07-01", "months": 3}}'
    )

    assert problem.horizon.start == dt.date(2026, 7, 1)
    assert problem.accounts[0].current[0].since == dt.date(2023, 5, 1)
    assert problem.accounts[0].potential == 5.0


def test_a_byte_order_mark_is_read_over() -> None:
    assert read_problem(b"\xef\xbb\xbf" + json.dumps(SMALLEST).encode()).reps[0].id == "r"


def test_the_tag_of_a_constraint_is_no_part_of_the_pointer() -> None:
    data = json.dumps(
        {"problem": SMALLEST, "policy": {"constraints": [{"kind": "capacity"}, {"kind": "balance", "tolerance": -1}]}}
    )

    assert found(data.encode()) == {("out_of_range", "/policy/constraints/1/tolerance")}


def test_a_field_that_is_called_like_its_constraint_is_an_unknown_field() -> None:
    with pytest.raises(PayloadError) as caught:
        read_policy(b'{"constraints": [{"kind": "capacity", "capacity": 1}]}')

    assert caught.value.report.issues[0].pointer == "/constraints/0/capacity"


@pytest.mark.parametrize(
    ("problems", "wrong"),
    [
        ([{"id": "a", "problem": SMALLEST}], {("unknown_field", "/bogus")}),
        ([], {("unknown_field", "/bogus"), ("too_short", "/problems")}),
    ],
)
def test_a_list_is_too_short_only_if_it_is(problems: list[Any], wrong: set[tuple[str, str]]) -> None:
    """The items of long lists are read apart from the rest of a document that has faults."""
    with pytest.raises(PayloadError) as caught:
        read_document(ExperimentRequest, json.dumps({"problems": problems, "bogus": 1}).encode())

    assert {(issue.code, issue.pointer) for issue in caught.value.report.issues} == wrong


def test_a_policy_without_a_problem_has_all_its_errors_told_at_once() -> None:
    rules = [{"kind": "account_count", "min": 4, "max": 2}, {"kind": "goal", "measure": "revenue"}, {"kind": "x"}]
    wrong = {
        ("contradictory_bounds", "/constraints/0/min"),
        ("missing_limit", "/constraints/1"),
        ("unknown_kind", "/constraints/2/kind"),
    }
    with pytest.raises(PayloadError) as alone:
        read_policy(json.dumps({"constraints": rules}).encode())
    with pytest.raises(PayloadError) as named:
        read_document(PolicyRequest, json.dumps({"name": "a", "policy": {"constraints": rules}}).encode())

    assert {(issue.code, issue.pointer) for issue in alone.value.report.issues} == wrong
    assert {(issue.code, issue.pointer) for issue in named.value.report.issues} == {
        (code, f"/policy{place}") for code, place in wrong
    }


def test_pointers_are_escaped_and_start_with_the_prefix() -> None:
    assert found(body(**{"a/b~c": 1}), "/runs/3") == {("unknown_field", "/runs/3/problem/a~1b~0c")}


def test_issues_name_the_entity_the_value_and_a_way_out() -> None:
    [issue] = report_of(body(accounts=[{"id": "a1", "potentail": 5}])).issues

    assert issue.entity is not None
    assert (issue.entity.type, issue.entity.id) == ("account", "a1")
    assert issue.value == 5
    assert issue.suggestion == 'Did you mean "potential"?'


@pytest.mark.parametrize(
    ("fields", "suggestion"),
    [
        ({"kind": "custmer"}, 'Did you mean "customer"?'),
        ({"potential": "12.5"}, "Send 12.5 without quotation marks."),
        ({"potential": None}, "Leave the field out to get its default."),
        ({"name": 7}, 'Send "7", in quotation marks.'),
    ],
)
def test_common_slips_come_with_their_repair(fields: dict[str, object], suggestion: str) -> None:
    [issue] = report_of(body(accounts=[{"id": "a", **fields}])).issues

    assert issue.suggestion == suggestion


def suggestion_of(data: bytes) -> str | None:
    with pytest.raises(PayloadError) as caught:
        read_document(PolicyRequest, data)
    [issue] = caught.value.report.issues
    return issue.suggestion


@pytest.mark.parametrize("data", [b"null", b'{"name": "a", "policy": null}', b'{"name": null, "policy": {}}'])
def test_nobody_is_told_to_leave_out_what_is_needed(data: bytes) -> None:
    assert suggestion_of(data) is None


def test_an_item_of_a_list_cannot_be_left_out_for_a_default() -> None:
    assert [issue.suggestion for issue in report_of(body(reps=[{"id": "r"}, None])).issues] == [None]


def test_the_name_of_a_policy_is_no_path() -> None:
    assert "slash" in (suggestion_of(b'{"name": "a/b", "policy": {}}') or "")


def test_echoed_values_are_short_and_safe() -> None:
    report = report_of(
        b'{"problem": {"accounts": [{"id": "a", "kind": "' + b"x" * 5000 + b'", "potential": 1e400, "hours": -Infinity,'
        b' "industry": "\\udc00", "territory_id": ' + b"9" * 300 + b'}], "reps": []}}'
    )

    values = {issue.pointer.rsplit("/", 1)[1]: issue.value for issue in report.issues}
    assert len(str(values["kind"])) == 200
    assert values["potential"] == "Infinity"
    assert values["hours"] == "-Infinity"
    assert values["industry"] == "?"
    assert len(str(values["territory_id"])) == 200
    for issue in report.issues:
        issue.model_dump_json().encode()


def test_structure_and_cross_checks_are_reported_together() -> None:
    data = body(
        territories=[{"id": "west"}],
        accounts=[{"id": "a", "potential": -1, "territory_id": "wset"}, {"id": "b", "segmnt": "x"}, {"id": "b"}],
    )

    assert found(data) == {
        ("out_of_range", "/problem/accounts/0/potential"),
        ("unknown_territory", "/problem/accounts/0/territory_id"),
        ("unknown_field", "/problem/accounts/1/segmnt"),
        ("duplicate_id", "/problem/accounts/2/id"),
    }


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        # the territory whose id cannot be read may be the one that the account names
        ({"territories": [{"id": 5}], "accounts": [{"id": "a", "territory_id": "x"}]},
         {("wrong_type", "/problem/territories/0/id")}),
        ({"territories": 5, "accounts": [{"id": "a", "territory_id": "x"}]}, {("wrong_type", "/problem/territories")}),
        # the entry would name one target if its industry could be read
        ({"fit": [{"rep_id": "r", "multiplier": 1, "industry": 5}]}, {("wrong_type", "/problem/fit/0/industry")}),
        # the account that the list holds cannot be read, so the list is not empty
        ({"accounts": ["a"]}, {("wrong_type", "/problem/accounts/0")}),
        # the first entry may be for another role
        ({"accounts": [{"id": "a", "current": [{"rep_id": "r", "role": 1}, {"rep_id": "r"}]}]},
         {("wrong_type", "/problem/accounts/0/current/0/role")}),
    ],
)  # fmt: skip
def test_issues_that_a_fault_may_have_caused_are_left_out(
    problem: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    assert found(body(**problem)) == expected


def test_a_duplicate_key_is_reported_with_what_else_is_wrong() -> None:
    data = (
        b'{"problem": {"accounts": [{"id": "a", "id": "b", "hours": "x"}], "reps": [{"id": "r", "role": "\\ud800"}]}}'
    )

    assert found(data) == {
        ("duplicate_key", "/problem/accounts/0/id"),
        ("wrong_type", "/problem/accounts/0/hours"),
        ("invalid_unicode", "/problem/reps/0/role"),
    }


def test_a_flood_of_faults_is_counted_and_the_first_thousand_are_told() -> None:
    report = report_of(body(accounts=[{"id": f"a{n}", "potential": -1} for n in range(2500)]))

    assert report.total == 2500
    assert report.complete
    assert [issue.pointer for issue in report.issues] == [f"/problem/accounts/{n}/potential" for n in range(1000)]


def test_counting_stops_where_it_would_take_too_long() -> None:
    report = report_of(b'{"problem": {"reps": [], "accounts": [' + b"1," * 300_000 + b"1]}}")

    assert report.total >= 100_000
    assert not report.complete


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 200_000,
        b'{"problem":' * 100_000,
        b"[" + b"{}," * 200_000 + b"1]",
        b'{"problem": {"accounts": [{"id": "a", "tags": [' + b"1," * 300_000 + b"1]}]}}",
        b'{"problem": {}, "policy": {"constraints": [{"kind": "protect", "accounts": {"ids": ['
        + b"1," * 300_000
        + b"1]}}]}}",
        b'{"problem": {}, "policy": {"constraints": [{"kind": "exclusive", "groups": [' + b"1," * 300_000 + b"1]}]}}",
        b"{" + b",".join(b'"k%d":1' % n for n in range(50_000)) + b"}",
        b"[" + b'{"a":1,"a":2},' * 50_000 + b"1]",
        b"[" + b'"\\ud800",' * 50_000 + b"1]",
        b"[0." + b"1" * 500_000 + b"]",
        b"[" + b"1" * 500_000 + b"]",
        b'{"\\ud800": {"\\udc00": 1e999}}',
        b'"' + b"\\" * 100_001,
        b"\x00",
        b"nul",
        b'{"a":\x01}',
        b"\xff\xfe{\x00}\x00",
    ],
)
@pytest.mark.timeout(20)
def test_hostile_bytes_are_refused_in_time(data: bytes) -> None:
    report = report_of(data)

    assert report.total_errors >= 1
    for issue in report.issues:
        issue.model_dump_json().encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
FIELDS = st.sampled_from(sorted(Problem.model_fields))


def refusal(read: Callable[[], object]) -> IssueReport | None:
    """The report of a refusal; None when the bytes were taken."""
    try:
        read()
    except PayloadError as error:
        return error.report
    return None


@given(st.binary(max_size=60))
def test_any_bytes_are_json_or_an_issue(data: bytes) -> None:
    report = refusal(lambda: read_json(data))

    assert report is None or report.total_errors >= 1


@given(st.dictionaries(FIELDS, JSON), st.dictionaries(st.sampled_from(["name", "objective", "constraints"]), JSON))
def test_any_json_is_a_document_or_issues_that_point_into_it(problem: object, policy: object) -> None:
    tree = {"problem": problem, "policy": policy}
    report = refusal(lambda: read_document(SolveRequest, json.dumps(tree).encode()))

    for issue in report.issues if report else []:
        head, *rest = issue.pointer.split("/")[1:]
        assert head in tree
        assert not rest or issue.code in ("missing_field", "no_reps", "no_accounts") or isinstance(tree[head], dict)
        issue.model_dump_json().encode()


@given(JSON)
def test_json_that_python_writes_is_read_back(value: object) -> None:
    text = json.dumps(value).encode()
    report = refusal(lambda: read_json(text))

    if report is None:
        assert json.dumps(read_json(text)) == json.dumps(json.loads(text))
    else:
        assert {issue.code for issue in report.errors} <= {"invalid_unicode", "number_too_long"}


def test_brackets_in_text_are_no_nesting() -> None:
    data = json.dumps({"name": '[{"\\' * 500}).encode()

    assert clean(data).data == data


def test_examining_gives_a_sound_document_and_no_issues() -> None:
    document, report, faults = examine(SolveRequest, body())

    assert document is not None
    assert (report.total, faults) == (0, [])
