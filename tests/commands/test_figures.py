"""StochSync's Figures 9 and 10: what is measured, and what is drawn."""

import json
import subprocess
import sys
from pathlib import Path

import command_line
import pandas as pd
import pytest
import torch
from conftest import image, last, prior_of, random_state
from hydra import compose, initialize_config_dir

from synclab.config.schema import build
from synclab.core.known import Known
from synclab.core.measured_space import MeasuredSpace
from synclab.core.protocols import Sample
from synclab.errors import UserError
from synclab.jobs.job import Job
from synclab.methods.ddib import DDIB
from synclab.methods.stochsync_ablation import AblatedStochSync
from synclab.places import CONF
from synclab.priors.exact import Gaussian
from synclab.tasks.edit import EditTask
from synclab.viewers import drawing, figures, measurements


def test_the_error_is_measured_before_the_known_part_is_put_back() -> None:
    space = image()
    space.known = Known(random_state(space, 5), torch.ones(1, 8, 8))
    measured = MeasuredSpace(space)
    method = AblatedStochSync(steps=3, multi_step=False, stochasticity="none", disjoint=False)
    z = last(method, prior_of(space), measured)
    assert torch.equal(z, space.known.state)
    assert len(measured.errors) == 3 and min(measured.errors) > 1e-3


def test_the_error_counts_known_cells_only() -> None:
    space, weight = image(), torch.zeros(1, 8, 8)
    weight[..., :4] = 1
    space.known = Known(torch.zeros(2, 8, 8), weight)
    measured, y = MeasuredSpace(space), torch.full((1, 2, 8, 8), 7.0)
    y[..., :4] = 3
    measured.average(y, space.all_views(), None)
    assert measured.errors == [pytest.approx(9)]


def test_the_calls_of_an_inversion_are_counted() -> None:
    prior, task = Gaussian(shape=(3, 8, 8)), EditTask(inversion_steps=4, mask="everything")
    job = Job(prior, task, DDIB(steps=3), "edit", "ddib")
    row = job.make(Sample("id", "a desert | a sea", 0)).row
    assert row["nfe"] == 5 + 3  # times 0 and four more, then sampling


def test_fig9_runs_three_methods_that_differ_in_noise_and_estimates_only() -> None:
    found = []
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for name in figures.LABELS:
            config = compose("config", overrides=["experiment=fig9", f"method={name}"])
            found.append(config.method)
            assert config.task._target_.endswith("InpaintingTask") and config.run == "fig9"
    assert all((m.steps, m.t_max, m.t_min, m.seam_steps) == (50, 999, 0, 0) for m in found)
    built = [build(dict(method), "method") for method in found[:2]]
    assert [m.stochasticity for m in built] == ["none", "maximum"]
    assert not any(m.multi_step for m in built)


def test_times_of_the_curve_are_the_methods() -> None:
    method = AblatedStochSync(steps=5, t_max=900, t_min=100)
    times = measurements.times_of({"steps": 5, "t_max": 900, "t_min": 100})
    assert times == [999, *(method.time(k) for k in range(1, 5))]


FIG9 = pd.DataFrame(
    [(m, t, t / 1000, 1) for m in figures.LABELS for t in (999, 500, 1)],
    columns=["method", "t", "error", "samples"],
)


@pytest.mark.parametrize(("kind", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89")])
def test_a_figure_is_drawn_in_every_format_with_equal_bytes(kind: str, start: bytes) -> None:
    first, again = (drawing.rendered(figures.draw_fig9(FIG9), kind) for _ in range(2))
    assert first.startswith(start) and first == again


@pytest.mark.parametrize("sweep", figures.SWEEPS.values(), ids=figures.SWEEPS)
def test_a_sweep_is_drawn_from_the_scores_of_all_its_values(
    tmp_path: Path, sweep: figures.Sweep
) -> None:
    score = next(iter(sweep.scores))
    for value, mean in (("100", 3.0), ("0.5", 1.0)):
        folder = tmp_path / f"{sweep.name}-{value}" / sweep.task
        folder.mkdir(parents=True)
        scores = {score: {"value": mean, "error": None}, "other": {"value": 0}}
        text = json.dumps({"methods": {"a method": {"scores": scores}}})
        (folder / f"scores.{sweep.protocol}.json").write_text(text, encoding="utf-8")
    table = figures.scores_by_value(tmp_path, sweep, sweep.protocol)
    assert table["value"].tolist() == [0.5, 100] and table["mean"].tolist() == [1, 3]
    assert drawing.rendered(figures.draw_sweep(table, sweep=sweep), "png")


def test_missing_samples_and_scores_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"ablation_1: no finished sample; run .*fig9"):
        figures.errors_of_fig9(tmp_path)
    with pytest.raises(UserError, match="no scores.embedded.json"):
        figures.scores_by_value(tmp_path, figures.SWEEPS["fig10"], "embedded")


def test_without_matplotlib_a_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UserError, match="pip install"):
        drawing.canvas(1, 1, 3)


def test_the_command_writes_a_table_and_a_drawing(tmp_path: Path) -> None:
    for method in figures.LABELS:
        words = [f"method={method}", "task=inpainting", "experiment=fig9", "hydra.mode=RUN"]
        small = ["method.steps=3", "prior.shape=[3,8,8]", f"results={tmp_path}"]
        answer = command_line.run(*command_line.QUICK, *words, *small)
        assert answer.code == 0, answer.err
    done = subprocess.run(
        [sys.executable, "-m", "synclab", "figures", "fig9", str(tmp_path)],
        cwd=command_line.ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "figures" / "fig9.csv")
    assert len(table) == 9 and (tmp_path / "figures" / "fig9.svg").is_file()
