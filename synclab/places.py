"""Where the files that come with synclab lie."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent

CONF = CHECKOUT / "conf"
PROMPTS = CHECKOUT / "prompts"
PUBLISHED = CHECKOUT / "results" / "published.yaml"
ASSETS = PACKAGE / "assets"
COSTS = PACKAGE / "costs.yaml"
