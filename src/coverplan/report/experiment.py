"""The report of an experiment: one page that holds all that it shows."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any


def render(results: bytes) -> str:
    """The page of a results document."""
    found: Mapping[str, Any] = json.loads(results)
    title = html.escape(found["name"] or found["experiment_id"] or "Experiment")
    units = {metric["name"]: metric["unit"] for metric in found["metrics"]}
    head = "".join(f"<th>{html.escape(name)} ({html.escape(unit or '')})</th>" for name, unit in units.items())
    body = "".join(_row(row, list(units)) for row in found["rows"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><h1>{title}</h1>'
        f"<p>{html.escape(found['verdict']['why'])}</p>"
        f"<table><tr><th>problem</th><th>policy</th><th>seed</th>{head}</tr>{body}</table></html>"
    )


def _row(row: Mapping[str, Any], names: list[str]) -> str:
    values = [row["metrics"].get(name) for name in names]
    shown = ["" if value is None else f"{value:,.4g}" for value in values]
    parts = [row["problem_id"], row["policy_id"], str(row["seed"]), *shown]
    return "<tr>" + "".join(f"<td>{html.escape(part)}</td>" for part in parts) + "</tr>"
