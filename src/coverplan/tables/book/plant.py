"""A full cover that a generated book is built around, and the books of today that differ from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coverplan.domain.instance import Bools, Floats
from coverplan.tables.book.market import Indices
from coverplan.tables.book.team import Team

NOBODY = -1
GONE = -2
"""The rep who left."""


@dataclass(frozen=True, eq=False)
class Seats:
    """The seats of one role, one entry per account."""

    hours: Floats
    """0: the account has no such seat."""
    patch: Indices
    patches: int
    root: Indices
    """The root of the account's family; itself without one."""
    order: Indices
    """Accounts by patch and by place within the patch."""


def plant(rng: np.random.Generator, team: Team, role: int, seats: Seats) -> Indices:
    """A rep per account: within territory, whole families together, hours in proportion to the productive share.

    The split of the patches among the reps that cover them is found by iterative proportional fitting; inside a
    patch the accounts, in the order given, are cut into consecutive stretches. -1 where the role has no seat.
    """
    reps = np.flatnonzero(team.role == role)
    in_patch: Floats = np.bincount(seats.patch, seats.hours, seats.patches).astype(np.float64)
    shares = fitted_shares(team.covers(seats.patches)[reps], team.productive[reps], in_patch)
    root_patch, root_middle = _middles(seats, in_patch)
    rep_order = rng.permutation(len(reps))
    ends = np.cumsum(shares[rep_order], axis=0)
    ends[-1] = 1.0
    stretch = (np.arange(seats.patches)[None, :] + ends).T.ravel()
    found = np.searchsorted(stretch, root_patch + root_middle, side="right") % len(reps)
    chosen = reps[rep_order[found]]
    return np.where(seats.hours > 0, chosen[seats.root], NOBODY)


def fitted_shares(covers: Bools, productive: Floats, in_patch: Floats, rounds: int = 60) -> Floats:
    """(reps, patches): shares of each patch's hours, columns summing to 1, rep totals nearly in proportion."""
    split = covers * productive[:, None]
    target = in_patch.sum() * productive / productive.sum()
    for _ in range(rounds):
        split *= (in_patch / np.maximum(split.sum(axis=0), 1e-300))[None, :]
        split *= (target / np.maximum(split.sum(axis=1), 1e-300))[:, None]
    split = np.where(covers, split + 1e-12, 0.0)
    return np.asarray(split / split.sum(axis=0)[None, :])


def _middles(seats: Seats, in_patch: Floats) -> tuple[Indices, Floats]:
    """Per account its patch and, as a root, the middle of its family's stretch of the patch's hours, in [0, 1)."""
    family = np.bincount(seats.root, seats.hours, len(seats.root))
    in_order = family[seats.order]
    patch = seats.patch[seats.order]
    middle = np.cumsum(in_order) - in_order / 2
    before = np.concatenate([[0.0], np.cumsum(in_patch)])[patch]
    share = np.empty(len(middle))
    share[seats.order] = ((middle - before) / np.maximum(in_patch[patch], 1e-300)).clip(0, 1 - 1e-9)
    return seats.patch, share


def books_of_today(rng: np.random.Generator, team: Team, role: int, planted: Indices, patch: Indices) -> Indices:
    """Who covers what now: mostly the planted rep; the accounts of those to come belong to others or to a rep who left.

    About 3 % drifted to another rep, a fifth of these far away; 4 % are uncovered.
    """
    count = len(planted)
    seat = planted >= 0
    today = planted.copy()
    newcomers = np.flatnonzero(~team.established & (team.role == role))
    from_newcomer = seat & ~team.established[planted]
    drifted = from_newcomer | (seat & (rng.random(count) < 0.03))
    today[drifted] = _nearby(rng, team, role, patch[drifted])
    if len(newcomers):
        today[planted == newcomers[0]] = GONE
    settled = np.flatnonzero(team.established & (team.role == role))
    far = drifted & ~from_newcomer & (rng.random(count) < 0.2)
    if len(settled):
        today[far] = rng.choice(settled, int(far.sum()))
    today[seat & (rng.random(count) < 0.04)] = NOBODY
    return today


def _nearby(rng: np.random.Generator, team: Team, role: int, patch: Indices) -> Indices:
    """An established rep that covers each patch, more often one with more hours, or nobody where there is none."""
    settled = np.flatnonzero(team.established & (team.role == role))
    if not len(settled):
        return np.full(len(patch), NOBODY)
    patches = int(max(team.last))
    ends = np.cumsum(team.covers(patches)[settled] * team.productive[settled][:, None], axis=0)
    covered = ends[-1] > 0
    ends /= np.where(covered, ends[-1], 1.0)
    stretch = (np.arange(patches)[None, :] + ends).T.ravel()
    found = np.searchsorted(stretch, patch + rng.random(len(patch)), side="right") % len(settled)
    return np.where(covered[patch], settled[found], NOBODY)
