"""How many examples a property test tries, the same ones in every run."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

COVERS = st.lists(st.integers(0, 4), min_size=4, max_size=4)
"""For `check_evaluate`: which of the fitting reps each seat gets; beyond them: none."""


def examples(count: int = 20) -> settings:
    """Settings of a property test."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
