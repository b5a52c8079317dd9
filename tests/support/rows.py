"""The rows of one rule by themselves: no program, no plan, no verifier around them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from coverplan.constraints import CATALOGUE, Constraint
from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Ints
from coverplan.mip.rows import LinkedBlock
from support.domain import candidates_of

Document = dict[str, Any]
Row = tuple[float, float | None, float | None]
"""Activity, lower and upper bound; None: no bound."""


def rule_of(document: Document) -> Constraint:
    """The rule of a document."""
    return CATALOGUE[document["kind"]].model_validate_json(json.dumps(document))


def in_words(document: Document) -> str:
    """What a rule asks in a sentence, in euros and with plain spaces."""
    return rule_of(document).describe("EUR").replace("\u202f", " ")


def check_rows(problem: Document, document: Document, cover: dict[str, str], expected: Mapping[str, Row]) -> None:
    """The rows where a cover (rep by `account` or `account/role`) holds are the expected ones, in their order."""
    rule = rule_of(document)
    pairs = candidates_of(problem, rule)
    rep_of_seat = _reps(pairs, cover)
    found = _counted(rule, pairs, rep_of_seat)
    assert list(found) == list(expected)
    for scope, row in expected.items():
        assert found[scope] == pytest.approx(tuple(np.nan if value is None else value for value in row), nan_ok=True)


def _reps(pairs: Candidates, cover: dict[str, str]) -> Ints:
    """Rep of each seat, -1 for none."""
    instance, seats = pairs.instance, pairs.book.seats
    accounts = instance.accounts.ids.tolist()
    rep_of_seat = np.full(len(seats), -1, np.int32)
    for name, rep in cover.items():
        account, _, role = name.partition("/")
        mine = seats.account == accounts.index(account)
        mine &= seats.role == instance.roles.index(role) if role else seats.primary
        rep_of_seat[mine] = instance.reps.ids.index(rep)
    return rep_of_seat


def _counted(rule: Constraint, pairs: Candidates, rep_of_seat: Ints) -> dict[str, Row]:
    taken, idle = rep_of_seat[pairs.seat] == pairs.rep, rep_of_seat < 0
    assert taken.sum() == (~idle).sum(), "the cover holds pairs that are not admissible"
    found: dict[str, Row] = {}
    for block in (rule.rows(pairs), rule.separable(pairs)):
        if block is not None:
            bounds = zip(block.activity(taken, idle), block.lower, block.upper, strict=True)
            found |= {label: _row(*one) for label, one in zip(block.labels, bounds, strict=True)}
    links = rule.links(pairs)
    if links is not None:
        activity = links.activity(rep_of_seat)
        if not rule.merging:  # what a hard rule merges needs no rows
            assert activity == pytest.approx(_needed(links, taken))
        limits = zip(activity, links.limit, strict=True)
        found |= {label: _row(one, -np.inf, most) for label, (one, most) in zip(links.labels, limits, strict=True)}
    return found


def _needed(links: LinkedBlock, taken: np.ndarray) -> np.ndarray:
    """What the rows of the program count: the least that their auxiliaries can be, summed by reported row."""
    used = np.bincount(links.row, links.coefficient * taken[links.choice], len(links.upper))
    least = np.zeros(len(links.owner))
    over = (used - links.upper)[links.aux_row] / -links.aux_coefficient
    np.maximum.at(least, links.aux, over)
    return np.bincount(links.owner, least, len(links.labels))


def _row(activity: float, lower: float, upper: float) -> Row:
    least, most = (float(bound) if np.isfinite(bound) else np.nan for bound in (lower, upper))
    return float(activity), least, most
