"""The report in a real browser, where there is one: it draws, fits a phone and runs no name."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from coverplan.payload.experiments.results import ExperimentResults
from coverplan.report import render
from coverplan.report.experiment import experiment_page
from support import experiment_results, reports

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,1000",
    "--virtual-time-budget=20000",
]
FRAME = """<!doctype html><iframe id="frame" style="width:{width}px;height:900px;border:0" srcdoc="{page}"></iframe>
<script>
const inside = () => document.getElementById("frame").contentDocument;
const drawn = () => [...inside().querySelectorAll(".chart")].filter((chart) => chart.querySelector(".main-svg")).length;
/* A busy machine draws later: wait until there are charts and no more come. */
const settled = (before, left) => setTimeout(() => {{
  const now = drawn();
  if (left && !(now && now === before)) settled(now, left - 1);
  else told();
}}, 1000);
addEventListener("load", () => settled(-1, 12));
function told() {{
  const page = inside();
  page.querySelectorAll("details").forEach((details) => {{ details.open = true; }});
  page.querySelectorAll(".controls button, #map-legend button, th button").forEach((button) => button.click());
  const found = {{
    width: page.documentElement.scrollWidth,
    charts: drawn(),
    cut: [...page.querySelectorAll(".words")].filter((table) => table.scrollWidth > table.clientWidth + 1).length,
    words: page.querySelectorAll(".words").length,
    marks: page.querySelectorAll("#map-chart .point").length,
    alien: page.querySelectorAll("img, iframe, a:not([href^='#']), svg a").length,
    fetched: document.getElementById("frame").contentWindow.performance.getEntriesByType("resource").length,
  }};
  document.body.textContent = "FOUND" + JSON.stringify(found) + "END";
}}
</script>"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed on this machine")


def look(page: str, width: int, folder: Path) -> dict[str, Any]:
    """What the page comes to in a frame of this width, with everything opened and clicked once."""
    frame = folder / "frame.html"
    frame.write_text(FRAME.format(width=width, page=html.escape(page)), encoding="utf-8")
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", frame.as_uri()]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    found = re.search(r"FOUND(.*)END", answer.stdout, re.DOTALL)
    assert found is not None, answer.stderr[-2000:]
    return dict(json.loads(html.unescape(found[1])))


def test_it_draws_and_fits_a_phone(tmp_path: Path) -> None:
    """Names that are markup, or one long word, neither run nor push the page wider than 390 px."""
    problem = reports.problem()
    problem["accounts"][0]["name"] = '<img src="x" onerror="document.title=1">' + "x" * 200
    problem["reps"][0]["name"] = "<a href='https://example.com'>Ana</a>"
    problem["reps"][1]["name"] = "W" * 120

    found = look(render(reports.plan(), problem, reports.policy()), 390, tmp_path)

    assert found["width"] <= 390
    assert found["charts"] == 3
    assert found["marks"] >= 2  # Acme and Beta; one more for the home of a picked rep with a location
    assert found["alien"] == 0
    assert found["fetched"] == 0


def test_prices_and_reasons_of_an_experiment_are_not_cut_off_at_1280_px(tmp_path: Path) -> None:
    """Names as a grid makes them, amounts of millions, a long rule and its reason: no table of words scrolls."""
    text = json.dumps(experiment_results.document())
    for name, other in (
        ("gentle", "balance.tolerance=0.05, keep_current.max_moved_revenue_share=0.1"),
        ("rigid", "balance.tolerance=0.1, keep_current.max_moved_revenue_share=0.05"),
        ("emea", "adventureworks-2027"),
        (experiment_results.RULE, f"{experiment_results.RULE} and net_revenue >= 0.98 * baseline and forced <= today"),
        ("run-gentle-00", "run-0198b2c4d5e6a1b2c3d4e5f60718"),
    ):
        text = text.replace(f'"{name}"', json.dumps(other))
    text = text.replace("share is 0.25.", "share is 0.25 (today 0), net_revenue is 123,456,789 (baseline 125,123,456).")
    document = json.loads(text)
    for price in document["rule_prices"]:
        price |= {name: 1e6 * price[name] for name in ("price_low", "price_high", "penalty") if price.get(name)}

    found = look(experiment_page(ExperimentResults.model_validate_json(json.dumps(document))), 1280, tmp_path)

    assert found["words"] >= 8
    assert found["cut"] == 0


def test_an_experiment_draws_and_fits_a_phone(tmp_path: Path) -> None:
    """All seven charts; wide tables, long ids and ids that are markup stay within their boxes."""
    text = json.dumps(experiment_results.document())
    for name, other in (
        ("gentle", "<img src=x>" + "x" * 150),
        ("rigid", "balance.tolerance=0.05, " * 4),
        ("acme", "W" * 99),
    ):
        text = text.replace(f'"{name}"', json.dumps(other))

    found = look(experiment_page(ExperimentResults.model_validate_json(text)), 390, tmp_path)

    assert found["width"] <= 390
    assert found["charts"] == 7
    assert found["alien"] == 0
    assert found["fetched"] == 0
