"""Runs pages in headless Chromium, where it is installed (apt-get install chromium)."""

import shutil
import subprocess
import tempfile
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

OPTIONS = (
    "--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-background-networking", "--no-first-run", "--enable-logging=stderr",
    "--virtual-time-budget=20000", "--window-size=1280,900", "--force-device-scale-factor=1",
)  # fmt: skip


def run(page: Path, script: str) -> str:
    """The text that a page writes into <pre id="answer"> by a script at its end.

    Raises: AssertionError if the console has an error.
    """
    assert CHROMIUM
    text = page.read_text(encoding="utf-8")
    probe = page.with_name("probe.html")
    answer = '<pre id="answer"></pre>'
    probe.write_text(f"{text}{answer}<script>{script}</script>", encoding="utf-8")
    with tempfile.TemporaryDirectory() as profile:
        command = [CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", "--dump-dom", probe.as_uri()]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120)
    errors = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not errors, errors
    return done.stdout.split('<pre id="answer">')[1].split("</pre>")[0]
