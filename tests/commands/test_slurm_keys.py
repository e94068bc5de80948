"""Keys of the Slurm launcher: all of submitit's, and an answer for the names of others."""

import command_line
import pytest
from command_line import QUICK
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from hydra_plugins.synclab_slurm import SlurmLauncher, default_parameters, parameters
from synclab.config.overrides import literal
from synclab.config.queue_keys import right_key
from synclab.errors import UserError
from synclab.places import CONF

slurm = pytest.importorskip("submitit.slurm.slurm", reason="pip install -e '.[slurm]'")

LEGACY = {"num_gpus"}

OTHERS = {
    "partition": "partition",
    "timeout_min": "time",
    "mem_gb": "mem",
    "cpus_per_task": "cpus_per_task",
    "gpus_per_node": "gpus_per_node",
    "tasks_per_node": "ntasks_per_node",
    "nodes": "nodes",
    "name": "job_name",
    "array_parallelism": "array_parallelism",
    "additional_parameters": "additional_parameters",
    "signal_delay_s": "signal_delay_s",
    "qos": "qos",
    "comment": "comment",
    "constraint": "constraint",
    "exclude": "exclude",
    "gres": "gres",
    "cpus_per_gpu": "cpus_per_gpu",
    "gpus_per_task": "gpus_per_task",
    "mem_per_gpu": "mem_per_gpu",
    "mem_per_cpu": "mem_per_cpu",
    "account": "account",
    "setup": "setup",
    "srun_args": "srun_args",
    "stderr_to_stdout": "stderr_to_stdout",
}
"""Ours for the keys of hydra-submitit-launcher."""


OURS = set(default_parameters())


def composed(*words: str) -> dict:
    """The launcher's options as the command line sets them."""
    overrides = ["hydra/launcher=slurm", *map(literal, words)]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", overrides=overrides, return_hydra_config=True)
    launcher = instantiate(config.hydra.launcher, folder="logs")
    return parameters(launcher.sbatch)


def script(*words: str) -> str:
    """The batch script that submitit writes for these options."""
    return slurm._make_sbatch_string(command="true", folder="logs", **composed(*words))


def test_every_option_of_submitit_is_a_key():
    assert set(default_parameters()) == slurm._get_default_parameters().keys() - LEGACY


@pytest.mark.parametrize("name", OTHERS)
def test_names_of_another_launcher_have_an_answer(name):
    expected = f"hydra.launcher.{name}: no such key; use hydra.launcher.sbatch.{OTHERS[name]}"
    assert str(right_key(f"hydra.launcher.{name}", OURS)).startswith(expected)


@pytest.mark.parametrize("place", ["hydra.launcher.", "+hydra.launcher."])
@pytest.mark.parametrize("name", ["partition", "timeout_min"])
def test_the_command_gives_that_answer(name, place, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    key = f"{place}{name}=null"
    answer = command_line.run(*QUICK, f"results={tmp_path}/x", "-m", "hydra/launcher=slurm", key)
    line = right_key(f"hydra.launcher.{name}", OURS)
    assert (answer.code, answer.err) == (1, f"synclab: {line}\n")


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("hydra.launcher.sbatch.timeout_min=9", "use hydra.launcher.sbatch.time, in minutes"),
        ("+hydra.launcher.sbatch.timeout_min=9", "use hydra.launcher.sbatch.time, in minutes"),
        ("+hydra.launcher.sbatch.mem_gb=9", "use hydra.launcher.sbatch.mem, such as 32GB"),
        ("+hydra.launcher.sbatch.parttion=x", "no such key; did you mean 'partition'?"),
        ("hydra.launcher.submitit_folder=x", "use hydra.launcher.folder"),
    ],
)
def test_a_key_that_is_not_there_is_one_line(key, line, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    answer = command_line.run(*QUICK, f"results={tmp_path}/x", "-m", "hydra/launcher=slurm", key)
    assert answer.code == 1 and answer.err.count("\n") == 1
    assert line in answer.err


@pytest.mark.parametrize(
    ("word", "lines"),
    [
        ("setup=module load cuda/12.1", ["module load cuda/12.1"]),
        ("setup=source ~/env/bin/activate && export A=\"b c\", D=1", 
         ["source ~/env/bin/activate && export A=\"b c\", D=1"]),
        ('setup=["module load cuda", "export A=1"]', ["module load cuda", "export A=1"]),
        ("setup=[module load cuda, source env/bin/activate]",
         ["module load cuda", "source env/bin/activate"]),
        ("setup=[export A=1, cd ${HOME}/x]", ["export A=1", "cd $HOME/x"]),
        ("setup=echo $HOME", ["echo $HOME"]),
        ("setup=cd ${results}", ["cd results"]),
        ("teardown=echo done > log", ["echo done > log"]),
        ("gres=gpu:a100:1", ["#SBATCH --gres=gpu:a100:1"]),
        ("exclude=node1", ["#SBATCH --exclude=node1"]),
        ("comment=for a paper, soon", ["#SBATCH --comment='for a paper, soon'"]),
        ("dependency=afterok:123", ["#SBATCH --dependency=afterok:123"]),
        ("mail_type=END,FAIL", ["#SBATCH --mail-type=END,FAIL"]),
        ("nodelist=node[1-3,5]", ["#SBATCH --nodelist='node[1-3,5]'"]),
        ("time=1:00:00", ["#SBATCH --time=1:00:00"]),
        ("account=0123", ["#SBATCH --account=0123"]),
        ("mem_per_gpu=40GB", ["#SBATCH --mem-per-gpu=40GB"]),
        ("exclusive=true", ["#SBATCH --exclusive"]),
    ],
)  # fmt: skip
def test_options_reach_the_batch_script(word, lines):
    written = script(f"hydra.launcher.sbatch.{word}").splitlines()
    assert [line for line in lines if line not in written] == []


def test_null_leaves_an_option_out():
    """Submitit reckons with some of them, so that it must not see a None."""
    assert [key for key, value in composed().items() if value is None] == ["wckey"]
    assert "wckey" not in script() and "nodes=1" in script()


def test_a_flag_that_is_false_is_left_out():
    assert "exclusive" not in script("hydra.launcher.sbatch.exclusive=false")


@pytest.mark.parametrize("value", ["--mpi=none --overlap", "[--mpi=none,--overlap]"])
def test_arguments_of_srun(value):
    command = script(f"hydra.launcher.sbatch.srun_args={value}").splitlines()[-1]
    assert command.startswith("srun ") and command.endswith("--mpi=none --overlap true")


def test_srun_can_be_left_out():
    assert "srun" not in script("hydra.launcher.sbatch.use_srun=false")


def test_keys_are_checked_before_anything_is_submitted():
    with pytest.raises(UserError, match="hydra.launcher.name: no such key; use"):
        SlurmLauncher("logs", True, 1, {}, name="x").submit()
