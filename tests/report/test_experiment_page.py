"""The report of an experiment: self-contained, well-formed, and in agreement with the results."""

import json
import re
from typing import Any

import pytest

from coverplan.payload.experiments.results import ExperimentResults
from coverplan.report.experiment import experiment_page
from support import experiment_results
from support.experiment_results import Document
from support.experiments import run_experiment
from support.reports import Page

HOSTILE = "\"'><script>alert(1)</script><!--<b>{{ 7 * 7 }}</b> %{x} &amp;</style>"
TYPED = str.maketrans("\u2013\u2212\u00d7", "--x")
SECTIONS = {"acceptance", "frontier", "churn", "prices", "stability", "progress", "missing"}


@pytest.fixture(scope="module")
def html() -> str:
    return experiment_page(experiment_results.results())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


@pytest.mark.parametrize(
    "words",
    [
        "3 policies, 2 problems, 2 seeds, 4 solves",
        "gentle is the best policy by the reference objective.",
        # 1,000 + 500 against 1,000 + 450
        "worth EUR 1,500 or more, and no plan under another policy can be worth more than EUR 1,450.",
        "expected revenue less 2 x relationship loss, less penalties of soft rules",
        "within ±20 % of its fair share, by capacity; missing it costs EUR 0.50 per EUR.",
        "gentle best EUR 1,500 EUR 1,515 EUR 15.00",
        "rigid no plan keeps its rules",
        # `rigid` has a plan on apac alone: marked with its mean, its differences, its bars, in the table of the verdict
        "rigid no plan keeps its rules on emea: infeasible means over 1 of 2 problems not accepted 300.00* 25.0 %* 1*",
        "rigid infeasible over 1 of 2 problems -350.00",
        "rigid no plan keeps its rules: infeasible - - -",
        "Infeasible 1 of 6 policies on problems",
        "* A mean that leaves out problems without a plan",
        "gentle hard gentle is better EUR 50.00 to EUR 215.00",  # 1,500 - 1,450; 1,515 - 1,300
        "gentle rigid gentle is better no plan: rigid",
        "net revenue ↑ EUR moved revenue share ↓ forced moves seats gap ↓",
        "gentle best by the reference accepted 750.00 (best) 5.0 % (best) 1 1.3 %",  # a gap of 1.23 %, rounded up
        "hard baseline not accepted 650.00 25.0 % 1 1.3 %",
        "today's assignment 600.00 0 % 1 -",  # (800 + 400) / 2
        "gentle +100.00 +90.00 to +125.00",  # 750 - 650
        "hard 0.00 -10.00 to +25.00",
        "hard - +25.0 pp",
        "hard moved_revenue_share <= 0.1 fail emea, seed 0: moved_revenue_share is 0.25.",
        "gentle moved_revenue_share <= 0.1 pass",
        "Knee: tolerance of the balance of revenue 20 %, worth EUR 990.00.",
        "The point farthest beyond the chord.",
        "5 % - - - infeasible",
        "10 % EUR 800.00 EUR 808.00 1.0 % efficient 1.5",
        "20 % EUR 990.00 EUR 1,000 1.1 % efficient knee",
        "25 % EUR 991.00 EUR 1,003 1.3 % inconclusive",
        "30 % EUR 1,000 EUR 1,000 0 % dominated",
        "gentle hard 7 EUR 7,777",
        "r1 emea 5 (EUR 5,000) 2 (EUR 2,777)",
        "acme emea account executive r1 nobody EUR 4,321",
        "And 6 more seats",
        "balance hard emea EUR 90.00 EUR 111.00 EUR 12.00 it costs",
        "balance and capacity hard emea - without limit - only without it there is a plan",
        "hard emea 91.0 % 70.0 % 85.0 % 0.35 EUR 880.00 EUR 810.00 to EUR 940.00 EUR 21.00 EUR 4.00 to EUR 44.00",
        "20 perturbed problems; 20 solved again; 2 have no plan left",
        "acme account executive r1 65.0 % EUR 4,321",
        "without capacity price of a rule emea 0 no plan was found within the limit; there may be one",
        "rigid policy emea 0 proven: no plan keeps the hard rules",
        "gentle apac 1 feasible EUR 500.00 EUR 505.00 1.3 % run-gentle-11",
        "rigid emea 0 infeasible - - -",
    ],
)
def test_what_the_page_says(page: Page, words: str) -> None:
    """Figures of `experiment_results`; dashes and signs as they are typed."""
    assert words in page.text.translate(TYPED)


def test_each_policy_metric_and_section_is_there(page: Page) -> None:
    """Metrics without any value are left out."""
    assert set(page.ids) >= SECTIONS | {"verdict", "metrics", "plans", "provenance"}
    assert page.data["policies"] == ["gentle", "hard", "rigid"]
    assert [metric["name"] for metric in page.data["metrics"]] == [
        "net revenue",
        "moved revenue share",
        "forced moves",
        "gap",
    ]


def test_charts_hold_the_numbers_of_the_results(page: Page) -> None:
    """Intervals, differences with their ends, points, matrices, ranges, steps."""
    data = page.data

    assert data["intervals"] == [[1500.0, 1515.0], [1300.0, 1450.0], [None, None]]
    assert data["bars"]["baseline"][0] == [[100.0, 90.0, 125.0], [0.0, -10.0, 25.0], [-350.0, -360.0, -325.0]]
    assert data["bars"]["today"][1] == [[0.05, None, None], [0.25, None, None], [0.25, None, None]]
    assert data["bars"]["value"][0] == [[750.0, None, None], [650.0, None, None], [300.0, None, None]]
    assert data["frontiers"][0]["points"][2] == [[0.2], 990.0, 1000.0, "efficient", True]
    assert data["churn"]["accounts"] == [[0, 7, None], [7, 0, 3], [None, 3, 0]]
    assert data["prices"] == [{"problem": "emea", "rules": "balance", "low": 90.0, "high": 111.0}]
    assert data["persistence"][0]["seats"] == [0, 0, 0, 0, 0, 0, 1, 2, 3, 14]
    assert data["progress"][0]["steps"] == [[0.5, 0.2], [2.5, 0.0123]]
    assert len(data["progress"]) == 10  # 12 rows, of which `rigid` has no plan on emea


def test_nothing_is_fetched(html: str, page: Page) -> None:
    """No address in any attribute, nor in the text outside the charting library; and the browser is told so."""
    addressed = {
        (tag, name, value)
        for tag, name, value in page.attributes
        if name in {"src", "href", "srcset", "action", "data", "poster", "formaction"} and not value.startswith("#")
    }
    library, own = page.scripts

    assert addressed == set()
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(", html.replace(library, ""))
    assert not {"link", "iframe", "img"} & set(page.tags)
    assert "eval" not in own
    policy = next(value for tag, name, value in page.attributes if (tag, name) == ("meta", "content"))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")


def test_wide_things_scroll_inside_their_own_box(page: Page) -> None:
    """As many boxes as tables and charts; a box can be reached by the keyboard."""
    classes = [one for _, name, value in page.attributes if name == "class" for one in value.split()]

    assert page.tags.count("table") == classes.count("scroll")
    assert classes.count("chart") == classes.count("box")
    assert [name for _, name, _ in page.attributes].count("tabindex") == classes.count("scroll")


def renamed(value: Any, names: dict[str, str]) -> Any:
    """The document with other texts."""
    if isinstance(value, dict):
        return {key: renamed(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [renamed(inner, names) for inner in value]
    return names.get(value, value) if isinstance(value, str) else value


def test_names_are_only_text(page: Page) -> None:
    """Ids and messages that look like markup add no element and no attribute, in the page or in its data."""
    said = {experiment_results.RULE, "emea", "acme", "r1", "caps", "exp-01", "EUR", "without capacity"}
    names = {name: f"{HOSTILE}{place}" for place, name in enumerate(sorted(said))}
    names |= {name: HOSTILE + name for name in experiment_results.POLICIES}
    document = renamed(experiment_results.document(), names)
    document["verdict"]["why"] = HOSTILE
    document["rule_prices"][0]["dropped"] = [HOSTILE]

    evil = Page(experiment_page(ExperimentResults.model_validate_json(json.dumps(document))))

    assert evil.tags == page.tags
    assert {(tag, name) for tag, name, _ in evil.attributes} == {(tag, name) for tag, name, _ in page.attributes}
    assert evil.data["policies"] == [HOSTILE + name for name in experiment_results.POLICIES]
    assert evil.data["prices"][0]["rules"] == HOSTILE
    assert HOSTILE in " ".join(evil.texts)


def test_the_data_island_has_no_markup() -> None:
    """Inside a script element `<` could end it."""
    document = experiment_results.document()
    document["frontiers"][0]["problem_id"] = HOSTILE
    html = experiment_page(experiment_results.results(frontiers=document["frontiers"]))
    island = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', html, re.DOTALL)

    assert island is not None
    assert not set("<>&") & set(island[1])
    assert json.loads(island[1])["frontiers"][0]["problem"] == HOSTILE


def test_questions_that_were_not_asked_leave_their_sections_out() -> None:
    """One policy, one problem, one seed: there is nothing to compare."""
    page = Page(experiment_page(experiment_results.bare()))

    assert "One policy, measured. Nothing to compare" in page.text
    assert not SECTIONS & set(page.ids)
    assert "Against" not in page.text
    assert "(best)" not in page.text
    assert page.data["churn"] is None
    assert page.data["frontiers"] == page.data["prices"] == page.data["persistence"] == page.data["progress"] == []


def test_partial_results_say_what_is_missing() -> None:
    """One failed, with its reason; two wait or run; one was stopped."""
    cell: Document = experiment_results.CELLS[0] | {"solution_status": None}
    error = {"code": "solver_lost", "message": "The process that worked on it was lost."}
    cells = [
        cell | {"key": str(place), "job_status": status}
        for place, status in enumerate(("queued", "running", "cancelled"))
    ]
    cells.append(cell | {"key": "f", "job_status": "failed", "error": error})

    text = Page(experiment_page(experiment_results.results(status="partial", cells=cells))).text

    assert "Partial results: 1 solve failed; 1 solve stopped early; 2 solves not ended." in text
    assert "failed solver lost: The process that worked on it was lost." in text
    assert "being solved" in text


def test_inconclusive_shows_the_intervals() -> None:
    """No winner: the policies that may be best, with what is proven of them."""
    verdict = experiment_results.document()["verdict"]
    verdict |= {"outcome": "inconclusive", "winner": None, "why": "The intervals of gentle and hard overlap."}
    verdict["intervals"][1]["high"] = 1510.5

    page = Page(experiment_page(experiment_results.results(verdict=verdict)))

    assert "Which policy is best by the reference objective is not proven. Inconclusive" in page.text
    assert "gentle: EUR 1,500 to EUR 1,515; hard: EUR 1,300 to EUR 1,511." in page.text  # the bound is rounded up
    assert "best by the reference" not in page.text.replace("best by the reference objective", "")


def test_several_currencies_are_none() -> None:
    """Amounts stand alone."""
    text = Page(experiment_page(experiment_results.results(currency=None))).text

    assert "EUR" not in text
    assert "gentle best 1,500 1,515 15.00" in text


def test_currencies_stand_in_lines_of_their_own() -> None:
    """Two problems, USD and JPY: a is better by 100 to 110 dollars, b by 2,000 yen; no sum of both anywhere."""
    accounts = [{"id": name, "expected_revenue": worth, "tags": [name]} for name, worth in (("a", 110), ("b", 10))]
    yen = [account | {"expected_revenue": 1000 if account["id"] == "a" else 3000} for account in accounts]
    only = [
        {
            "id": f"only {name}",
            "policy": {"constraints": [{"kind": "account_count", "max": 0, "accounts": {"tags": [other]}}]},
        }
        for name, other in (("a", "b"), ("b", "a"))
    ]
    problems = [
        {"problem": {"currency": currency, "accounts": facts, "reps": [{"id": "r"}]}}
        for currency, facts in (("USD", accounts), ("JPY", yen))
    ]

    results = run_experiment({"problems": problems, "policies": only, "options": {"relative_gap": 0}})
    text = Page(experiment_page(results)).text.translate(TYPED)
    # What is proven is rounded to the safe side, even where the noise of doubles alone lies between.
    for noisy, said in ((r"\b99\.99\b", "100.00"), (r"(\d00|110)\.01\b", r"\1.00"), (r"\b1,999\.99\b", "2,000")):
        text = re.sub(noisy, said, text)
    text = re.sub(r"(,\d{3})\.0[01]\b", r"\1", text)

    assert "only a USD USD 110.00 USD 110.00" in text
    assert "only b JPY JPY 3,000 JPY 3,000" in text
    assert "only a only b all inconclusive -" in text
    assert "only a only b USD only a is better USD 100.00 to USD 100.00" in text
    assert "only a only b JPY only b is better JPY -2,000 to JPY -2,000" in text
    assert "1,110" not in text


def test_what_own_objectives_take_has_columns_of_its_own() -> None:
    """100 less 6 for evenness at a high penalty; both policies have no hard rule."""
    current = [{"rep_id": "r"}]
    accounts = [
        {"id": "a", "expected_revenue": 60, "current": current},
        {"id": "b", "expected_revenue": 40, "current": current},
    ]
    rule = {"kind": "balance", "id": "balance", "tolerance": 0}
    results = run_experiment(
        {
            "problems": [{"problem": {"accounts": accounts, "reps": [{"id": "r"}, {"id": "s"}]}}],
            "policies": [
                {"id": name, "policy": {"constraints": [{**rule, "penalty": penalty}]}}
                for name, penalty in (("low", 0.01), ("high", 5))
            ],
            "options": {"relative_gap": 0},
        }
    )

    text = Page(experiment_page(results)).text.translate(TYPED)

    assert "Its own objective takes, at least At most" in text
    assert "low is better by what their own objectives take" in text
    assert "low is the best policy by the reference objective." in text
    assert "no plan under another policy can be worth more" not in text  # hard rules alone do not say so


def test_two_bounds_are_levels() -> None:
    """One level per second bound."""
    frontier = experiment_results.document()["frontiers"][0]
    frontier["request"]["bounds"].append({"metric": "moved_share", "from": 0.1, "to": 0.2})
    point = {"objective": 1.0, "dual_bound": 1.0, "status": "efficient"}
    frontier["points"] = [point | {"bounds": [0.05, moved]} for moved in (0.1, 0.1, 0.2)]

    page = Page(experiment_page(experiment_results.results(frontiers=[frontier])))

    assert page.data["frontiers"][0]["levels"] == [0.1, 0.2]
    assert page.data["frontiers"][0]["axes"] == ["tolerance of the balance of revenue", "moved seats, as a share"]
    assert "No knee stands out." in page.text


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (5.0, 9.0, "it costs"),
        (0.0, 9.0, "whether it costs is not proven"),
        (0.0, 0.0, "it costs nothing"),
        (-9.0, -5.0, "it brings something"),  # only a rule that lets accounts follow each other
        (None, None, "whether it costs is not proven"),
    ],
)
def test_prices_say_what_is_proven(low: float | None, high: float | None, words: str) -> None:
    """By both ends of the range."""
    price = experiment_results.PRICES[0] | {"price_low": low, "price_high": high}

    text = Page(experiment_page(experiment_results.results(rule_prices=[price]))).text

    assert f"EUR 12.00 {words} Stability" in text


def test_an_experiment_that_was_run() -> None:
    """Two accounts of 100 and 60, two reps: whatever it finds, the page agrees with the document."""
    accounts = [
        {"id": "a", "expected_revenue": 100, "current": [{"role": "account_executive", "rep_id": "r"}]},
        {"id": "b", "expected_revenue": 60, "current": [{"role": "account_executive", "rep_id": "r"}]},
    ]
    request: Document = {
        "problems": [{"problem": {"currency": "CHF", "accounts": accounts, "reps": [{"id": "r"}, {"id": "s"}]}}],
        "policies": [
            {"id": "stay", "policy": {"constraints": [{"kind": "keep_current", "max_moved": 0}]}},
            {"id": "even", "policy": {"constraints": [{"kind": "balance", "measure": "accounts", "tolerance": 0}]}},
        ],
        "options": {"time_limit_s": 5},
        "accept": ["moved <= 0"],
        "rule_prices": {},
        "stability": {"samples": 2},
        "frontier": {"bounds": [{"metric": "moved_share", "from": 0, "to": 1}], "points": 3},
    }
    results = run_experiment(request)

    page = Page(experiment_page(results))

    assert results.currency == "CHF"
    assert results.accepted == ["stay"]
    assert page.text.count("CHF 160.00") > 0  # all stays: 100 + 60
    assert page.data["intervals"] == [[one.low, one.high] for one in results.verdict.intervals]
    assert {"frontier", "churn", "prices", "stability"} <= set(page.ids)
    kept = results.stability[0].persistence
    assert kept is not None
    assert sum(kept.histogram) == 2  # two seats
