"""The report page: self-contained, well-formed, and in agreement with the plan."""

import re
from typing import Any

import pytest

from coverplan.report import render
from coverplan.wording.words import MINUS
from support import reports
from support.reports import Document, Page

HOSTILE = [
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</script><!--<b>{{ 7 * 7 }}</b> %{x} &amp;",
    "</style><style>*{display:none}</style>",
]


@pytest.fixture(scope="module")
def html() -> str:
    return render(reports.plan(), reports.problem(), reports.policy())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


@pytest.mark.parametrize(
    "words",
    [
        "A plan worth EUR 1,650, proven within 3.1 % of the best possible.",  # 50 / 1,650 = 3.03 %, rounded up
        "A better plan may exist, worth at most EUR 50.00 more.",
        "Soft rules are missed in 1 place, which costs EUR 30.00.",
        "1 of 2 revenue books lie within the band that the policy asks for; today 0 do.",  # Ana 1,000; today 1,500, 0
        "No rep is over capacity; today 0.",
        "Hours fill 40.0 % to 80.0 % of the reps' capacities.",  # 4 and 8 of 10
        "1 account with EUR 500.00 of revenue changes hands although the rep could stay.",
        "The plan expects to lose EUR 75.00 of it.",
        "1 account is forced to move",
        "r9 (left)",
        "Every rep who may serve it would break a hard rule",
        "2 accounts with a location; 2 have none.",
        "1,800.00",
        "\u2212120.00",
        "Bo: EUR 800.00, EUR 50.00 below the least of EUR 850.00; costs EUR 30.00.",
        "2 row prices prove that no plan is worth more than EUR 1,720 : at most 4.3 % above this one",  # 70 / 1,650
        "Branch and bound went further: EUR 1,700, a gap of 3.1 %.",
        "One more hour of Bo EUR 12.50",
        "EUR 1,000 less for Bo EUR 300.00",  # 0.3 per EUR
        "Core (a3): The current rep is not among the reps.",
        "Stopped because the time limit was reached",
        "sha256:1234",
    ],
)
def test_what_the_page_says(page: Page, words: str) -> None:
    """Figures worked out from the carve of `reports`."""
    assert words in page.text


def test_nothing_is_fetched(html: str, page: Page) -> None:
    """No address in any attribute, nor in the text outside the charting library; and the browser is told so."""
    addressed = {
        (tag, name, value)
        for tag, name, value in page.attributes
        if name in {"src", "href", "srcset", "action", "data", "poster", "formaction"} and not value.startswith("#")
    }
    library, own = page.scripts
    outside = html.replace(library, "")

    assert addressed == set()
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(", outside.replace("http://www.w3.org/2000/svg", ""))
    assert "link" not in page.tags
    assert "eval" not in own
    policy = next(value for tag, name, value in page.attributes if (tag, name) == ("meta", "content"))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")


def test_names_are_only_text() -> None:
    """Names that look like markup add no element and no attribute, in the page or in its data."""
    problem, policy, plan = reports.problem(), reports.policy(), reports.plan()
    for account, name in zip(problem["accounts"], HOSTILE, strict=True):
        account["name"] = name
    for rep, name in zip(problem["reps"], HOSTILE, strict=False):
        rep["name"] = name
    policy["name"], problem["managers"][0]["name"] = HOSTILE[0], HOSTILE[1]
    renamed = [policy["constraints"][0], *plan["constraints"][:2]]
    for rule in renamed:
        rule["id"] = HOSTILE[2]
    plan["certificate"]["prices"][0]["constraint"] = HOSTILE[2]
    plan["issues"][0]["message"] = plan["method"]["why"] = HOSTILE[0]
    plan["notes"] = [HOSTILE[1]]

    page = Page(render(plan, problem, policy))
    harmless = Page(render({**reports.plan(), "notes": ["x"]}, reports.problem(), reports.policy()))

    assert page.tags == harmless.tags
    assert {(tag, name) for tag, name, _ in page.attributes} == {(tag, name) for tag, name, _ in harmless.attributes}
    assert page.data["reps"] == HOSTILE[:2]
    assert page.data["map"]["names"] == HOSTILE[:2]
    assert HOSTILE[2] in " ".join(page.texts)


def test_the_data_island_has_no_markup(html: str) -> None:
    """Inside a script element `<` could end it."""
    island = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', html, re.DOTALL)

    assert island is not None
    assert not set("<>&") & set(island[1])


def test_data_agrees_with_the_documents(page: Page) -> None:
    """Books of today from the problem, of the plan from its roll-ups; places shrunk by cos 30 degrees."""
    ana, bo = page.data["books"]

    assert ana["today"] == {"revenue": 1500, "hours": 7, "accounts": 2}
    assert bo["today"] == {"revenue": 0, "hours": 0, "accounts": 0}
    assert bo["plan"] == {"revenue": 800, "hours": 8, "accounts": 2}
    assert bo["band"]["revenue"] == [850, 1150]
    assert page.data["map"]["x"] == [0, 8.6603]  # 10 cos((0 + 60) / 2)
    assert (page.data["map"]["today"], page.data["map"]["plan"]) == ([0, 0], [0, 1])
    assert page.data["progress"][-1] == [0.5, 1650, 1700, 50 / 1650, "search"]


def test_infeasible_shows_what_clashes_and_calls_it_no_plan() -> None:
    """No books, moves or ledger: only the assignment that breaks the hard rules least."""
    page = Page(render(reports.infeasible(), reports.problem(), reports.policy()))

    assert "No plan keeps all hard rules." in page.text
    assert "The closest assignment: not a plan" in page.text
    assert "breaks hard rules in 2 places" in page.text
    assert "Bo: 8 hours, 5 hours above the limit of 3 hours." in page.text
    assert not {"books", "moves", "map", "ledger", "proof"} & set(page.ids)


def test_nothing_found_still_shows_the_bound() -> None:
    """Without a plan and without a clash there is the bound."""
    plan = {**reports.infeasible(), "solution_status": "no_solution_found", "least_violating": None}
    page = Page(render({**plan, "dual_bound": 1700.0, "metrics": {}}, reports.problem(), reports.policy()))

    assert "No plan was found within the limit; there may be one." in page.text
    assert "Upper bound EUR 1,700" in page.text
    assert "rules" not in page.ids
    assert page.scripts == []


def measured(**changes: Any) -> Document:
    bare = {"dual_bound": None, "dual_bound_source": None, "gap": None, "absolute_gap": None, "certificate": None}
    method = {"used": "evaluated"}
    return {**reports.plan(), **bare, "method": method, "stopped_by": None, "metrics": {}, **changes}


def test_measured_assignments_claim_no_bound() -> None:
    """An evaluation has an objective and no gap."""
    page = Page(render(measured(), reports.problem(), reports.policy()))

    assert "This assignment keeps all hard rules." in page.text
    assert "Nothing was solved" in page.text
    assert "Proven gap" not in page.text
    assert "proof" not in page.ids


def test_revenue_and_penalties_against_today_are_two_numbers() -> None:
    """1,650 for 1,500: 150 less revenue, 300 fewer penalties."""
    change = {"revenue": -150.0, "penalties_saved": 300.0, "objective": 1500.0, "broken": ["capacity"]}
    terms = [{"term": "relationship_loss", "value": -150.0}, {"term": "penalty", "constraint": "b", "value": 300.0}]
    plan = reports.plan() | {"against_today": {**change, "terms": terms, "inadmissible": 0}}

    page = Page(render(plan, reports.problem(), reports.policy()))

    assert f"Revenue against today EUR {MINUS}150.00 expected revenue less losses and costs; today breaks" in page.text
    assert "Penalties saved EUR +300.00 prices of soft rules, not revenue: b EUR +300.00" in page.text


def test_upheaval_stands_before_the_verdict() -> None:
    said = {"moved_revenue": 500.0, "moved_revenue_share": 1 / 3, "hard_rules": [], "buys": [], "message": "A third."}

    page = Page(render(reports.plan() | {"upheaval": said}, reports.problem(), reports.policy()))

    assert 0 < page.text.index("A third.") < page.text.index("A plan worth")


def test_smallest_problem() -> None:
    """Ids only, no locations, no money, nothing to draw a map or a gap from."""
    book = {"hours": 1.0, "accounts": 1, "revenue": 0.0, "expected_revenue": 0.0, "kept": 0, "gained": 1, "lost": 0}
    seat = {"account_id": "a", "role": "account_executive", "rep_id": "r", "change": "new"}
    plan = {
        **measured(objective={"value": 0.0, "terms": [{"term": "expected_revenue", "value": 0.0}]}),
        "assignments": [{**seat, "expected_revenue": 0.0, "hours": 1.0}],
        "reps": [{"rep_id": "r", **book}],
        "uncovered": [],
        "constraints": [],
        "issues": [],
    }
    page = Page(render(plan, {"accounts": [{"id": "a"}], "reps": [{"id": "r"}]}, {"constraints": []}))

    assert "The policy has no rules." in page.text
    assert not {"map", "uncovered", "proof", "warnings"} & set(page.ids)


def test_optimal_says_that_nothing_is_better() -> None:
    """Bound and objective agree."""
    plan = {**reports.plan(), "solution_status": "optimal", "dual_bound": 1650.0, "gap": 0.0, "absolute_gap": 0.0}

    text = Page(render(plan, reports.problem(), reports.policy())).text

    assert "A plan worth EUR 1,650. No plan is worth more." in text
    assert "Proven gap 0 % no better plan exists" in text
