"""Helper processes: calls side by side, whose loss is that of one call only."""

from __future__ import annotations

import math
import operator
import os
import time
from concurrent.futures import Future

import numpy as np
import pytest
from scipy import sparse

from coverplan.mip.program import Limits, Program, Status, Step
from coverplan.solvers.helpers import Helper, HelperLostError
from coverplan.solvers.racer import Racer
from coverplan.solvers.workers import Workers
from support.processes import all_end
from support.service import wait_for
from support.timing import PATIENCE_S

LIMITS = Limits(time_limit_s=20.0)


def knapsack() -> Program:
    """Of 6, 5 and 4, which weigh 4, 3 and 2, the best within 5: the last two, worth 9."""
    return Program(
        objective=np.array([6.0, 5.0, 4.0]),
        matrix=sparse.csr_array(np.array([[4.0, 3.0, 2.0]])),
        row_lower=np.array([-np.inf]),
        row_upper=np.array([5.0]),
        lower=np.zeros(3),
        upper=np.ones(3),
        integer=np.ones(3, np.bool_),
    )


def test_programs_and_calls_are_answered() -> None:
    with Workers(2) as workers:
        solved = [workers.submit(knapsack(), LIMITS, None) for _ in range(3)]
        called = workers.call(math.sqrt, 16.0)

        assert [future.result().objective for future in solved] == pytest.approx([9.0, 9.0, 9.0])
        assert called.result() == 4.0


def test_an_error_is_the_callers_and_the_process_goes_on() -> None:
    with Workers(1) as workers:
        with pytest.raises(ValueError, match="math domain error") as caught:
            workers.call(math.sqrt, -1.0).result()
        pids = {workers.call(os.getpid).result() for _ in range(2)}

    assert any("sqrt" in note or "helper" in note for note in caught.value.__notes__)
    assert len(pids) == 1


def test_a_lost_process_loses_one_call() -> None:
    """As when native code crashes: what comes next has another process."""
    with Workers(1) as workers:
        before = workers.call(os.getpid).result()
        with pytest.raises(HelperLostError):
            workers.call(os._exit, 3).result()

        assert workers.call(os.getpid).result() != before


def test_leaving_ends_what_is_under_way() -> None:
    """At once, and without a process left."""
    with Workers(2) as workers:
        pid = workers.call(os.getpid).result()
        sleeping: list[Future[None]] = [workers.call(time.sleep, 1000.0) for _ in range(3)]
        began = time.monotonic()

    assert time.monotonic() - began < PATIENCE_S
    assert all(future.cancelled() or isinstance(future.exception(), HelperLostError) for future in sleeping)
    assert all_end(pid)


def ends(racer: Racer, steps: list[Step]) -> bool:
    """Hear what has come; whether that was all."""
    steps.extend(racer.news())
    return not racer.running


def test_a_race_is_heard_while_it_runs() -> None:
    steps: list[Step] = []
    with Racer(knapsack(), LIMITS, None) as racer:
        assert wait_for(lambda: ends(racer, steps), PATIENCE_S)
        result = racer.result

    assert result is not None
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(9.0)
    assert max(step.objective for step in steps if step.objective is not None) == pytest.approx(9.0)


def test_a_race_whose_process_is_lost_ends() -> None:
    with Racer(knapsack(), LIMITS, None) as racer:
        racer._helper.kill()

        assert wait_for(lambda: ends(racer, []), PATIENCE_S)
        assert racer.lost


def ask(helper: Helper) -> None:
    """A sum, whichever end notices first that nobody is there."""
    helper.send(operator.add, 1, 2)
    helper.receive()


def test_a_helper_that_is_gone_says_so() -> None:
    helper = Helper()
    helper.kill()

    with pytest.raises(HelperLostError):
        ask(helper)
    helper.close()
