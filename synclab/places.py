"""Paths of the files that come with synclab, in a checkout or in an installed package."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent
"""Relative paths in the configuration, such as synclab/assets/tiny, are also resolved from here."""

INSTALLED = (PACKAGE / "conf").is_dir()

CONF = PACKAGE / "conf" if INSTALLED else CHECKOUT / "conf"
PROMPTS = PACKAGE / "prompts" if INSTALLED else CHECKOUT / "prompts"
PUBLISHED = PACKAGE / "published.yaml" if INSTALLED else CHECKOUT / "results" / "published.yaml"
ASSETS = PACKAGE / "assets"
COSTS = PACKAGE / "costs.yaml"


def candidates(path: str) -> tuple[Path, Path]:
    """Where a path of the configuration may lie: as it is, or relative to synclab's own folder."""
    return Path(path).expanduser(), CHECKOUT / path


def portable(path: str) -> str:
    """A path in synclab's own folder relative to it, and so the same on every machine."""
    place = Path(path)
    return place.relative_to(CHECKOUT).as_posix() if place.is_relative_to(CHECKOUT) else path
