"""The value model: what a pair of seat and rep is worth, and what a change of rep costs.

Loss rates: Shi, Sridhar, Grewal, Lilien, "Sales Representative Departures and Customer Reassignment Strategies in
Business-to-Business Markets", Journal of Marketing 2017, report 13.2-17.6 % of annual sales lost on a rep transition.
Which rate goes with which new rep inside that range is this project's own mapping.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coverplan.domain.book import Book
from coverplan.domain.calendar import active_interval, held_until_start, horizon, month_index, timing
from coverplan.domain.geography import haversine_km
from coverplan.domain.instance import ACTIVE, Bools, Floats, Ints

NEWCOMER_RATE, INDUSTRY_RATE, COMMON_RATE = 0.18, 0.13, 0.15


def pair_value(book: Book, seat: Ints, rep: Ints) -> Floats:
    """Expected revenue of each pair before any loss: share x fit x (existing x presence + new x timing).

    Until a rep starts, today's rep holds the seat where that rep works: so long the existing revenue comes in as it
    does today, by the holder's fit, and is not left to what serves itself.
    """
    instance, account, share = book.instance, book.seats.account[seat], book.seats.share[seat]
    segment = instance.accounts.segment[account]
    existing, self_serve = book.existing[account], instance.segments.self_serve_share[segment]
    active, own_fit = book.active[rep], fit(book, account, rep)
    presence = active + (1.0 - active) * self_serve
    closing = timing(instance, instance.segments.cycle_days[segment], rep)
    worth = share * own_fit * (existing * presence + book.new[account] * closing)
    late, part = interims(book, seat, rep)
    gained = fit(book, account[late], book.seats.current[seat[late]]) - own_fit[late] * self_serve[late]
    worth[late] += share[late] * existing[late] * part * gained
    return worth


def interims(book: Book, seat: Ints, rep: Ints) -> tuple[npt.NDArray[np.int64], Floats]:
    """Places of the pairs whose rep starts while today's rep holds the seat, and the share of the horizon until then.

    Today's rep holds the seat on the days of work, whatever the rules say of staying: it is a fact, not a wish.
    """
    holder = book.seats.current[seat]
    starts_late = active_interval(book.instance)[0] > horizon(book.instance)[0]
    late = np.flatnonzero((holder >= 0) & (holder != rep) & starts_late[rep])
    part = held_until_start(book.instance, holder[late], rep[late])
    return late[part > 0], part[part > 0]


def fit(book: Book, account: Ints, rep: Ints) -> Floats:
    """Product of all multipliers of the rep that match the account, its segment or its industry."""
    entries, accounts = book.instance.fit, book.instance.accounts
    product = np.ones(len(account))
    for named, owner in (
        (entries.account, account),
        (entries.segment, accounts.segment[account]),
        (entries.industry, accounts.industry[account]),
    ):
        used = named >= 0
        if not used.any():
            continue
        width = int(max(named.max(), owner.max(initial=0))) + 1
        keys, inverse = np.unique(entries.rep[used].astype(np.int64) * width + named[used], return_inverse=True)
        factors = np.ones(len(keys))
        np.multiply.at(factors, inverse, entries.multiplier[used])
        wanted = rep.astype(np.int64) * width + owner
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        product *= np.where((keys[place] == wanted) & (owner >= 0), factors[place], 1.0)
    return product


def relationship_loss(book: Book, seat: Ints, rep: Ints) -> Floats:
    """Money lost when the seat passes from its current rep to this one; 0 for its current rep or without one."""
    seats = book.seats
    changes = seats.held[seat] & (seats.current[seat] != rep)
    base = book.loss_base[seats.account[seat]] * seats.weight[seat]
    return np.where(changes, loss_rate(book, seat, rep) * base, 0.0)


def loss_rate(book: Book, seat: Ints, rep: Ints) -> Floats:
    """Share of the account's sales lost when this rep takes over."""
    instance, account = book.instance, book.seats.account[seat]
    own = instance.segments.relationship_loss[instance.accounts.segment[account]]
    rate = np.where(_knows_industry(book, account, rep), INDUSTRY_RATE, COMMON_RATE)
    rate = np.where(_newcomers(book)[rep], NEWCOMER_RATE, rate)
    return np.where(np.isnan(own), rate, own)


def _newcomers(book: Book) -> Bools:
    """Reps who are not active yet or start within the horizon."""
    reps = book.instance.reps
    first = month_index(np.asarray([book.instance.start]))[0]
    starts = np.nan_to_num(month_index(reps.start_date), nan=-np.inf) >= first
    newcomers: Bools = (reps.status != ACTIVE) | starts
    return newcomers


def _knows_industry(book: Book, account: Ints, rep: Ints) -> Bools:
    """Whether the rep holds another account of the same industry today."""
    instance, current = book.instance, book.instance.current
    industry = instance.accounts.industry
    width = len(instance.industries) + 1
    known = current.rep >= 0
    held = np.unique(np.column_stack([current.rep[known], current.account[known]]).astype(np.int64), axis=0)
    counts = np.zeros(instance.n_reps * width, np.int64)
    np.add.at(counts, held[:, 0] * width + industry[held[:, 1]] + 1, 1)
    own = np.isin(rep.astype(np.int64) * instance.n_accounts + account, held[:, 0] * instance.n_accounts + held[:, 1])
    others = counts[rep.astype(np.int64) * width + industry[account] + 1] - own
    knows: Bools = (industry[account] >= 0) & (others > 0)
    return knows


def travel_km(book: Book, seat: Ints, rep: Ints) -> Floats:
    """Great-circle km from rep to account; 0 where either has no location."""
    accounts, reps, account = book.instance.accounts, book.instance.reps, book.seats.account[seat]
    km = haversine_km(reps.lat[rep], reps.lon[rep], accounts.lat[account], accounts.lon[account])
    return np.nan_to_num(km, nan=0.0)
