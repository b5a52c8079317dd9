"""Which runs of a batch make one job."""

from __future__ import annotations

from coverplan.jobs.packs import packs


def _sizes(runs: list[tuple[str, int, bool, int]]) -> list[int]:
    return [len(pack.run_ids) for pack in packs(runs)]


def test_a_pack_holds_sixty_four_tiny_runs() -> None:
    """130 = 64 + 64 + 2."""
    assert _sizes([(f"r{n}", 8, True, 0) for n in range(130)]) == [64, 64, 2]


def test_a_pack_holds_no_more_work_than_one_worker_should_have() -> None:
    """20,000 accounts x reps: six times 3,000, then the next six; one of 50,000 goes alone."""
    assert _sizes([(f"r{n}", 3000, True, 0) for n in range(12)]) == [6, 6]
    assert _sizes([("a", 50_000, True, 0), ("b", 50_000, True, 0)]) == [1, 1]


def test_large_runs_and_other_priorities_are_not_packed_together() -> None:
    """Each large run is a job; the small ones of a priority share theirs, in their order."""
    made = packs([("a", 8, True, 0), ("b", 8, True, 5), ("c", 10**6, False, 0), ("d", 8, True, 0), ("e", 8, True, 5)])

    assert [(pack.run_ids, pack.small, pack.priority) for pack in made] == [
        (["a", "d"], True, 0),
        (["b", "e"], True, 5),
        (["c"], False, 0),
    ]
