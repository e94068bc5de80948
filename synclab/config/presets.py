"""Checks that a preset has values for a method and a task."""

from synclab.errors import UserError
from synclab.places import CONF


def check(preset: str, method: str, task: str) -> None:
    """Refuses `paper` and `code` for a method and a task without published values.

    Raises: UserError that lists the tasks with published values.
    """
    folder = CONF / "preset" / "task" / preset
    if preset == "fixed" or (folder / f"{method}_{task}.yaml").is_file():
        return
    known = [path.stem.removeprefix(f"{method}_") for path in folder.glob(f"{method}_*.yaml")]
    tasks = [name for name in known if (CONF / "task" / f"{name}.yaml").is_file()]
    there = f"it has values for task={', '.join(sorted(tasks))}" if tasks else "nor for other tasks"
    raise UserError(
        f"preset={preset}: no published values of method={method} for task={task}; {there};"
        " use preset=fixed"
    )
