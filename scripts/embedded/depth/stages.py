"""Stages of the prior with depth."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from synclab.places import ASSETS

from ..stage import Run, Stage, plan, training


def depth(parser: ArgumentParser) -> Run:
    training(parser, 1200, batch=16)
    parser.add_argument("--prior", type=Path, default=ASSETS / "tiny", help="to start from")
    parser.add_argument("--output", type=Path, default=ASSETS / "tiny_depth")

    def run(args: Namespace) -> None:
        from .denoiser import export_depth, train_depth

        train_depth(args.folder / "depth", args.prior, plan(args))
        export_depth(args.folder / "depth", args.prior, args.output)

    return run


def depth_score(parser: ArgumentParser) -> Run:
    parser.add_argument("--prior", type=Path, default=ASSETS / "tiny_depth")
    parser.add_argument("--plain", type=Path, default=ASSETS / "tiny", help="to compare with")
    parser.add_argument("--output", type=Path, default=Path("runs/tiny/depth/score"))
    parser.add_argument("--count", type=int, default=64, help="held-out solids")
    parser.add_argument("--ddim-steps", type=int, default=25)

    def run(args: Namespace) -> None:
        from synclab.priors.depth_channel import DepthChannelPrior
        from synclab.priors.latent import LatentPrior

        from .score import score_depth

        priors = (
            DepthChannelPrior(str(args.prior), device=args.device),
            LatentPrior(str(args.plain), device=args.device),
        )
        score_depth(*priors, args.count, args.ddim_steps, args.output)

    return run


STAGES: tuple[Stage, ...] = (depth, depth_score)
