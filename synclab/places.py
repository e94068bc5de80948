"""Where the files that come with synclab lie: in a checkout, or inside of an installed package."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent
"""Relative paths of the configuration, as synclab/assets/tiny, are looked up from here too."""

INSTALLED = (PACKAGE / "conf").is_dir()

CONF = PACKAGE / "conf" if INSTALLED else CHECKOUT / "conf"
PROMPTS = PACKAGE / "prompts" if INSTALLED else CHECKOUT / "prompts"
PUBLISHED = PACKAGE / "published.yaml" if INSTALLED else CHECKOUT / "results" / "published.yaml"
ASSETS = PACKAGE / "assets"
COSTS = PACKAGE / "costs.yaml"
