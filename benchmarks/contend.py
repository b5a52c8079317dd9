"""One contender on one instance, in a process of its own: whatever it does to memory or itself costs one row.

    python -m benchmarks.contend NAME FOLDER OUT --time-limit S --gap G

FOLDER holds the instance (`instance.json` names problem and policy, `arrays.npz` is the model), OUT takes the trace
and the choice. Peers with an environment of their own run this with its Python, so only numpy is imported here.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.contender import Limits, NotExpressibleError, module_of
from benchmarks.recorder import Recorder


def main() -> None:
    """Run one contender."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--time-limit", type=float, required=True)
    parser.add_argument("--gap", type=float, default=0.0)
    given = parser.parse_args()
    contender = module_of(given.name)
    recorder = Recorder(given.out)
    try:
        contender.run(given.folder, Limits(given.time_limit, given.gap), recorder)
    except NotExpressibleError as error:
        recorder.end(status="not expressible", notes=[str(error)])


if __name__ == "__main__":
    main()
