"""How long status, verify and a run's own look take for many finished samples.

    python scripts/bench.py store 1000 10000 100000

Makes folders of that many samples (rows of 1.2 kB, images of 100 kB: a panorama of the embedded
prior has some 600) in a temporary place, and times each command once, as a process of its own.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from synclab.core.hashing import sha256, to_json
from synclab.store.folder import Store, list_samples

log = logging.getLogger("bench")

BYTES = 100_000


def fill(folder: Path, count: int, size: int = BYTES) -> None:
    """Samples that are whole as far as hashes go."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_bytes(to_json({"method": {}}))
    names = [f"some-prompt-of-a-common-length-{i:012x}-s0" for i in range(count)]
    (folder / "status.json").write_bytes(to_json({"wanted": names, "failures": {}}))
    common = {"config": {f"key {i}": i for i in range(40)}, "seconds": {"total": 1.0}}
    for name in names:
        image = os.urandom(16) * (size // 16)
        (folder / f"{name}.png").write_bytes(image)
        row = {"id": name, "sha256": sha256(image), **common}
        (folder / f"{name}.json").write_text(json.dumps(row), encoding="utf-8")


def seconds(*command: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    return time.perf_counter() - start


def look(folder: Path) -> float:
    """What a run does before it begins: every sample hashed."""
    store, start = Store(folder), time.perf_counter()
    assert all(store.done(name) for name in list_samples(folder).rows)
    return time.perf_counter() - start


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    log.info("| samples | status | verify | run, nothing to do |")
    log.info("|---|---|---|---|")
    for count in map(int, sys.argv[1:] or ["1000", "10000"]):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "run" / "task" / "method"
            fill(folder, count)
            status, verify = (seconds("-m", f"synclab.{m}", place) for m in ("status", "verify"))
            log.info("| %d | %.2f | %.2f | %.2f |", count, status, verify, look(folder))


if __name__ == "__main__":
    main()
