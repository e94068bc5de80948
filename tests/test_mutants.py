"""The list of mutants still fits the code: see scripts/mutants.py."""

import re
from collections import Counter
from pathlib import Path

import pytest
from mutants import ROOT, Mutant, read_mutants
from test_architecture import imports

MUTANTS = read_mutants()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.file}-{mutant.fact}")
def test_an_entry_applies(mutant: Mutant) -> None:
    assert mutant.apply(ROOT) != (ROOT / mutant.file).read_text(encoding="utf-8")
    file, _, name = mutant.test.partition("::")
    content = (ROOT / "tests" / file).read_text(encoding="utf-8")
    assert re.search(rf"^def {re.escape(name)}\(", content, re.MULTILINE), mutant.test


def test_no_entry_stands_twice() -> None:
    counts = Counter((mutant.file, mutant.text, mutant.becomes) for mutant in MUTANTS)
    assert counts and max(counts.values()) == 1


def test_every_method_has_a_fact_in_the_list() -> None:
    files = {path.name for path in (ROOT / "synclab" / "methods").glob("*.py")} - {"__init__.py"}
    held = {Path(mutant.file).name for mutant in MUTANTS if "/methods/" in mutant.file}
    assert files == held, "a method brings its facts along: see scripts/mutants.py"


def test_changed_code_is_imported_anew_for_each_run() -> None:
    """Runs are forks of the script, and would use the code that it has imported."""
    names = imports(ROOT / "scripts" / "mutants.py", ROOT / "scripts")
    assert names and not any(name.startswith("synclab") for name in names)


def test_a_change_that_no_longer_fits_is_named() -> None:
    with pytest.raises(ValueError, match="synclab/core/sync.py: 0 times 'no such code', not 1"):
        Mutant("synclab/core/sync.py", "a fact", "no such code", "", "test_x.py::test").apply(ROOT)
