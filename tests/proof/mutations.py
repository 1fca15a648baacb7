"""Every mutation of the engine against the fault that must catch it: each must be red. Run by `make prove-mutations`."""

import sys
import tempfile
from pathlib import Path

from streams.sandbox.broker import Cluster
from streams.sandbox.proof import aimed
from streams.sandbox.proof.bench import CLUSTER, Bench


def main() -> int:
    """Exit code 1 if the proof overlooked one."""
    overlooked = 0
    with tempfile.TemporaryDirectory() as place, Cluster(Path(place) / "kafka", CLUSTER) as cluster:
        for name, (fault, mutation) in aimed.CAUGHT.items():
            with Bench(cluster.bootstrap, Path(place)) as bench:
                settled, verdict = fault(bench, mutation)
            red = not (settled and verdict.green)
            overlooked += not red
            print(  # noqa: T201 - this is a program
                f"{'caught    ' if red else 'OVERLOOKED'}  {mutation:<16} by: {name}. {verdict.first_difference[:120]}"
            )
    return 1 if overlooked else 0


if __name__ == "__main__":
    sys.exit(main())
