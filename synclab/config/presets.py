"""Whether a preset has values for a method and a task: `paper` and `code` only where published."""

from synclab.errors import UserError
from synclab.places import CONF


def check(preset: str, method: str, task: str) -> None:
    """Refuses a published preset where nothing was published, naming what there is."""
    folder = CONF / "preset" / "task" / preset
    if preset == "fixed" or (folder / f"{method}_{task}.yaml").is_file():
        return
    known = [path.stem.removeprefix(f"{method}_") for path in folder.glob(f"{method}_*.yaml")]
    tasks = [name for name in known if (CONF / "task" / f"{name}.yaml").is_file()]
    there = f"for it there is task={', '.join(sorted(tasks))}" if tasks else "nor for another task"
    raise UserError(
        f"preset={preset}: no published values of method={method} for task={task}; {there};"
        " say preset=fixed"
    )
