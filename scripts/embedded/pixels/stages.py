"""Stages of the prior of pixels."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from synclab.places import ASSETS

from ..stage import Run, Stage, plan, training


def pixels(parser: ArgumentParser) -> Run:
    training(parser, 6000, batch=32)
    parser.add_argument("--views", type=int, default=12288)
    parser.add_argument("--prior", type=Path, default=ASSETS / "tiny", help="to start from")
    parser.add_argument("--output", type=Path, default=ASSETS / "tiny_pixels")

    def run(args: Namespace) -> None:
        from .denoiser import train_pixels

        train_pixels(args.folder / "pixels", args.views, args.prior, plan(args), args.output)

    return run


def pixels_score(parser: ArgumentParser) -> Run:
    parser.add_argument("--prior", type=Path, default=ASSETS / "tiny_pixels")
    parser.add_argument("--each", type=int, default=2, help="for each kind and time")
    parser.add_argument("--guidance", type=float, nargs="+", default=[2.5, 5.0])
    parser.add_argument("--commands", default="", help="how it was trained, for the card")
    parser.add_argument("--remarks", default="", help="a paragraph for the card")

    def run(args: Namespace) -> None:
        from .score import score_pixels

        score_pixels(args.prior, args.each, args.guidance, args.commands, args.remarks)

    return run


STAGES: tuple[Stage, ...] = (pixels, pixels_score)
