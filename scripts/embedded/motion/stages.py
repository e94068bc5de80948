"""Stages of the motion prior and its judge."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from synclab.places import ASSETS

from ..stage import Run, Stage, plan, training


def motion(parser: ArgumentParser) -> Run:
    training(parser, 8000, batch=32)
    parser.add_argument("--segments", type=int, default=12288)
    parser.add_argument("--output", type=Path, default=ASSETS / "tiny_motion")

    def run(args: Namespace) -> None:
        from .prior import train_motion

        train_motion(args.folder / "motion", args.segments, plan(args), args.output)

    return run


def motion_judge(parser: ArgumentParser) -> Run:
    parser.add_argument("--segments", type=int, default=12288)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--output", type=Path, default=ASSETS / "judge_motion")

    def run(args: Namespace) -> None:
        from .judge import make_motion_judge

        folder, motions = args.folder / "motion_judge", args.folder / "motion"
        make_motion_judge(folder, motions, args.segments, args.steps, args.output)

    return run


def motion_score(parser: ArgumentParser) -> Run:
    parser.add_argument("--prior", type=Path, default=ASSETS / "tiny_motion")
    parser.add_argument("--each", type=int, default=3, help="segments of each request")
    parser.add_argument("--commands", default="", help="how it was trained, for the card")

    def run(args: Namespace) -> None:
        from .score import score_motion

        score_motion(args.prior, args.each, args.commands)

    return run


STAGES: tuple[Stage, ...] = (motion, motion_judge, motion_score)
