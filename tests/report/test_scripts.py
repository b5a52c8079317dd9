"""The scripts of the pages say figures as the pages themselves do: what is proven is rounded up."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.resources import files

import pytest

from coverplan.wording.words import money_at_least, money_at_most, percent_at_most

NODE = shutil.which("node")
ASK = """
const vm = require("vm");
globalThis.document = { getElementById: () => ({ textContent: '{"currency": "USD"}' }) };
globalThis.matchMedia = () => ({ matches: false });
const [script, gaps, amounts] = JSON.parse(require("fs").readFileSync(0, "utf8"));
vm.runInThisContext(script);
const said = vm.runInThisContext("kit");
console.log(JSON.stringify({
  gaps: gaps.map(said.percentAtMost), most: amounts.map(said.moneyAtMost), least: amounts.map(said.moneyAtLeast),
}));
"""
GAPS = [0.0, 1e-12, 4e-7, 1.9245e-05, 0.000999, 0.0031, 0.00344, 0.0123, 0.29, 0.999, 1.5]
AMOUNTS = [0.001, 12.341, 110.00000000000001, 999.999, 1000.2, -1500.6, 256500.0000003, 120514900.7]

pytestmark = pytest.mark.skipif(NODE is None, reason="no Node is installed on this machine")


def read(text: str) -> float:
    """The number in a text."""
    plain = text.replace("\u202f", "").replace("\u2212", "-").replace(",", "")
    return float(plain.removeprefix("USD").removesuffix("%"))


def test_they_round_as_the_page_does() -> None:
    """But for zeros at the end, which the scripts leave out."""
    kit = files("coverplan.report").joinpath("templates", "kit.js").read_text(encoding="utf-8")
    question = json.dumps([kit, GAPS, AMOUNTS])
    done = subprocess.run(
        [str(NODE), "-e", ASK], input=question, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)

    assert [*map(read, said["gaps"])] == [read(percent_at_most(gap)) for gap in GAPS]
    assert [*map(read, said["most"])] == [read(money_at_most(amount, "USD")) for amount in AMOUNTS]
    assert [*map(read, said["least"])] == [read(money_at_least(amount, "USD")) for amount in AMOUNTS]
