"""Makes the embedded models, stage by stage.

    python -m scripts.embedded views --views 49152
    python -m scripts.embedded vae --steps 20000 --cooldown 4000
    python -m scripts.embedded decoder --steps 4000 --cooldown 2000
    python -m scripts.embedded latents
    python -m scripts.embedded unet --steps 40000 --cooldown 8000
    python -m scripts.embedded export --output synclab/assets/tiny
    python -m scripts.embedded refine --steps 4000 --cooldown 1000
    python -m scripts.embedded refine_score
    python -m scripts.embedded student --steps 2000 --cooldown 500
    python -m scripts.embedded student_score
    python -m scripts.embedded depth --steps 1200 --cooldown 300
    python -m scripts.embedded depth_score
    python -m scripts.embedded score --prior synclab/assets/tiny
    python -m scripts.embedded calls
    python -m scripts.embedded classifier
    python -m scripts.embedded judge
    python -m scripts.embedded disturbance
    python -m scripts.embedded image_text
    python -m scripts.embedded motion --steps 6000 --cooldown 1500
    python -m scripts.embedded motion_judge
    python -m scripts.embedded motion_score
    python -m scripts.embedded pixels --steps 6000 --cooldown 1500
    python -m scripts.embedded pixels_score

Each stage goes on where it stopped when it is run again, and reads what earlier ones left in
`--folder`. Losses go to `<stage>/loss.jsonl`, measurements of the averaged weights to
`<stage>/checks.jsonl`, sheets of samples to `unet/previews`. A training may be prolonged: run it
again with more `--steps`, and the last time with a `--cooldown`. With `--steps 0` it only writes
the averaged weights of a training that runs or has stopped.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: spinning threads starve others

import argparse
import logging
from pathlib import Path

import torch

from .depth import stages as depth
from .judges import stages as judges
from .latent import stages as latent
from .motion import stages as motion
from .pixels import stages as pixels

STAGES = (*latent.STAGES, *depth.STAGES, *judges.STAGES, *motion.STAGES, *pixels.STAGES)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.embedded",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parsers = parser.add_subparsers(dest="stage", required=True, metavar="STAGE")
    for stage in STAGES:
        options = parsers.add_parser(stage.__name__)
        options.add_argument("--folder", type=Path, default=Path("runs/tiny"))
        options.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
        options.add_argument("--seed", type=int, default=0)
        options.set_defaults(run=stage(options))
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    args.run(args)


if __name__ == "__main__":
    main()
