"""Runs pages in headless Chromium, where it is installed (apt-get install chromium)."""

import shutil
import subprocess
import tempfile
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

OPTIONS = (
    "--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-background-networking", "--no-first-run", "--enable-logging=stderr",
    "--window-size=1280,900", "--force-device-scale-factor=1",
)  # fmt: skip


BUDGETS = (20, 60, 180, 540)
"""Seconds of a page's own clock, which runs ahead of drawings on a busy machine."""


def run(page: Path, script: str) -> str:
    """The text that a page writes into <pre id="answer"> by a script at its end.

    Raises: AssertionError if the console has an error, or the page does not answer.
    """
    text = page.read_text(encoding="utf-8")
    probe = page.with_name("probe.html")
    answer = '<pre id="answer"></pre>'
    probe.write_text(f"{text}{answer}<script>{script}</script>", encoding="utf-8")
    answers = (visit(probe, seconds) for seconds in BUDGETS)
    found = next(filter(None, answers), None)
    assert found, "the page gave no answer"
    return found


def visit(probe: Path, seconds: int) -> str:
    """What the page has answered by then; empty if it was too early."""
    assert CHROMIUM
    budget = f"--virtual-time-budget={1000 * seconds}"
    with tempfile.TemporaryDirectory() as profile:
        place = (f"--user-data-dir={profile}", budget, "--dump-dom", probe.as_uri())
        command = [CHROMIUM, *OPTIONS, *place]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120)
    errors = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not errors, errors
    return done.stdout.split('<pre id="answer">')[1].split("</pre>")[0]
