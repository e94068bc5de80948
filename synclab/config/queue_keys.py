"""Translates key names of other Slurm launchers to ours."""

LAUNCHER = "hydra.launcher"

RENAMED = {
    "timeout_min": "time",
    "mem_gb": "mem",
    "tasks_per_node": "ntasks_per_node",
    "name": "job_name",
    "num_gpus": "gpus_per_node",
}
"""Our keys by the names of hydra-submitit-launcher and older submitit."""

UNITS = {"mem_gb": ", such as 32GB", "timeout_min": ", in minutes"}
"""Hints for keys whose values have another unit."""


def right_key(key: str, known: set[str]) -> str | None:
    """A message with the right name of a launcher's key; None if there is no such key.

    Args:
        key: full key, starting with `hydra.launcher`.
        known: the keys below `hydra.launcher.sbatch`.
    """
    if not key.startswith(f"{LAUNCHER}."):
        return None
    if key == f"{LAUNCHER}.submitit_folder":
        return f"{key}: no such key; use {LAUNCHER}.folder"
    name = key.rpartition(".")[2].replace("-", "_")
    ours = RENAMED.get(name, name)
    if ours not in known or key == f"{LAUNCHER}.sbatch.{ours}":
        return None
    return f"{key}: no such key; use {LAUNCHER}.sbatch.{ours}{UNITS.get(name, '')}"
