"""The wheel holds all that a run reads, and works from any folder without a checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from synclab.places import CHECKOUT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built with the environment's own hatchling, so that nothing is downloaded."""
    folder = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=CHECKOUT)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """A fresh virtual environment with the wheel, beside the dependencies of this one."""
    folder = tmp_path_factory.mktemp("environment")
    call(sys.executable, "-m", "venv", "--without-pip", str(folder), cwd=folder)
    (packages,) = folder.glob("lib/*/site-packages")
    target = ("--target", str(packages), "--no-deps", "--no-index", "--quiet")
    call(sys.executable, "-m", "pip", "install", *target, str(wheel), cwd=folder)
    (packages / "dependencies.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n", "utf-8")
    return folder


def call(*command: str, cwd: Path) -> str:
    plain = {
        key: os.environ[key] for key in ("PATH", "HOME", "OMP_NUM_THREADS") if key in os.environ
    }
    done = subprocess.run(command, cwd=cwd, env=plain, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tracked(*places: str) -> set[str]:
    return set(call("git", "ls-files", *places, cwd=CHECKOUT).split())


@pytest.mark.skipif(not (CHECKOUT / ".git").exists(), reason="git knows what belongs to it")
def test_the_wheel_holds_every_tracked_file_that_a_run_reads(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    beside = {f"synclab/{name}" for name in tracked("conf", "prompts")}
    inside = tracked("synclab", "hydra_plugins")
    assert not (beside | inside | {"synclab/published.yaml"}) - held


def test_an_installed_synclab_makes_a_panorama_in_an_empty_folder(environment, tmp_path):
    command = str(environment / "bin" / "python"), "-m", "synclab"
    where = "import synclab.places as p; print(p.INSTALLED, p.PACKAGE)"
    told = call(command[0], "-c", where, cwd=tmp_path)
    assert told.startswith("True") and str(environment) in told
    steps = ("method=stochsync", "method.steps=2", "method.ode_steps=2", "num_threads=1")
    call(*command, "run", *steps, "prompts=demo_tables", cwd=tmp_path)
    pictures = list(tmp_path.glob("results/tiny/panorama/stochsync/*.png"))
    assert len(pictures) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"results"}
    assert "2" in call(*command, "status", cwd=tmp_path).splitlines()[1]
    assert "usage: synclab tables" in call(*command, "tables", "--help", cwd=tmp_path)
