"""Perturbation: the facts as they might turn out, by log-normal factors of mean 1, one per account.

ln F ~ N(-s^2 / 2, s^2) with s^2 = ln(1 + spread^2) has mean 1 and relative standard deviation `spread`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from coverplan.domain.instance import Floats, Instance


@dataclass(frozen=True)
class Perturbation:
    """Spreads of revenue, potential and hours (relative standard deviations), and the seed."""

    revenue: float
    potential: float
    hours: float
    seed: int


def factors(spread: float, size: int, random: np.random.Generator) -> Floats:
    """Factors of mean 1 and the given relative standard deviation."""
    sigma = np.sqrt(np.log1p(spread**2))
    drawn: Floats = np.exp(sigma * random.standard_normal(size) - sigma**2 / 2)
    return drawn


def perturbed(instance: Instance, by: Perturbation) -> Instance:
    """The instance with each account's revenue, potential and hours multiplied by factors of its own.

    Explicit values follow the account's revenue, explicit hours its hours; an account whose hours are its segment's
    gets hours of its own for its first role. The factors of one kind do not depend on the other spreads.
    """
    accounts, size = instance.accounts, instance.n_accounts
    streams = np.random.SeedSequence(by.seed).spawn(3)
    spreads = (by.revenue, by.potential, by.hours)
    revenue, potential, hours = (
        factors(spread, size, np.random.default_rng(stream)) for spread, stream in zip(spreads, streams, strict=True)
    )
    segments = instance.segments
    usual = segments.role_hours[segments.roles.start[accounts.segment]]
    own = np.where(np.isnan(accounts.hours), usual, accounts.hours)
    pairs = instance.pairs
    return replace(
        instance,
        accounts=replace(
            accounts,
            history=accounts.history * revenue[:, None],
            expected_revenue=accounts.expected_revenue * revenue,
            potential=accounts.potential * potential,
            hours=own * hours,
        ),
        pairs=replace(pairs, value=pairs.value * revenue[pairs.account], hours=pairs.hours * hours[pairs.account]),
    )
