"""How the threads of torch wait for each other."""

import os

SPINS = 10_000  # turns of a loop: less than a millisecond


def wait_briefly() -> None:
    """Lets threads spin for a moment at a barrier before they sleep; call before torch is loaded.

    Threads that sleep at once make a panorama of the embedded prior an eighth slower on a quiet
    machine; threads that only spin make it 100 times slower on a busy one. A policy that is set
    already (OMP_WAIT_POLICY) is kept.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # LLVM's and Intel's OpenMP
        os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))  # GNU's, which torch brings on Linux
