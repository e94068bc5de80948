"""Keys of the Slurm launcher: the names that other launchers and Slurm itself have for them."""

LAUNCHER = "hydra.launcher"

RENAMED = {
    "timeout_min": "time",
    "mem_gb": "mem",
    "tasks_per_node": "ntasks_per_node",
    "name": "job_name",
    "num_gpus": "gpus_per_node",
}
"""Ours for the names of hydra-submitit-launcher and of older submitit."""

UNITS = {"mem_gb": ", such as 32GB", "timeout_min": ", in minutes"}
"""What to mind where the value is written in another way."""


def right_key(key: str, known: set[str]) -> str | None:
    """What to say for a key of the launcher that has another name or place here; None if nothing.

    Args:
        key: from `hydra.launcher` on.
        known: the keys below `hydra.launcher.sbatch`.
    """
    if not key.startswith(f"{LAUNCHER}."):
        return None
    if key == f"{LAUNCHER}.submitit_folder":
        return f"{key}: no such key; say {LAUNCHER}.folder"
    name = key.rpartition(".")[2].replace("-", "_")
    ours = RENAMED.get(name, name)
    if ours not in known or key == f"{LAUNCHER}.sbatch.{ours}":
        return None
    return f"{key}: no such key; say {LAUNCHER}.sbatch.{ours}{UNITS.get(name, '')}"
