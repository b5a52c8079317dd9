"""From the request of an experiment to its policies."""

from __future__ import annotations

from collections.abc import Mapping

from coverplan.payload.experiments.cells import NamedPolicy, StoredPolicies
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.policy_checks import Known


def policies_of(
    request: ExperimentRequest, stored: StoredPolicies | None = None, known: Mapping[str, Known] | None = None
) -> list[NamedPolicy]:
    """The policies of an experiment, in order: those one by one, then the grid.

    `stored` holds the policies that the request names, `known` what the datasets hold, by the id of the problem.

    Raises:
        PayloadError: all that is wrong with the request, its problems and its policies, with pointers into the request.
    """
    raise NotImplementedError
