"""Stages of the judges: two classifiers, the curves of planted faults, the image-text model."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from synclab.places import ASSETS

from ..stage import Run, Stage


def classifier(parser: ArgumentParser) -> Run:
    parser.add_argument("--output", type=Path, default=ASSETS / "judge")
    parser.add_argument("--views", type=int, default=8000)
    parser.add_argument("--test-views", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=1500)

    def run(args: Namespace) -> None:
        from .classifier import make_judge

        make_judge(args.folder / "classifier", args.output, args.views, args.test_views, args.steps)

    return run


def judge(parser: ArgumentParser) -> Run:
    parser.add_argument("--output", type=Path, default=ASSETS / "judge_2")
    parser.add_argument("--scenes", type=int, default=5120, help="of two views each")
    parser.add_argument("--test-scenes", type=int, default=768)
    parser.add_argument("--steps", type=int, default=800)

    def run(args: Namespace) -> None:
        from .quality import make_judge

        make_judge(args.folder / "judge", args.output, args.scenes, args.test_scenes, args.steps)

    return run


def disturbance(parser: ArgumentParser) -> Run:
    parser.add_argument("--output", type=Path, default=ASSETS / "judge_2")
    parser.add_argument("--prompts", default="world")

    def run(args: Namespace) -> None:
        from .disturbance import make_curves

        make_curves(args.folder / "disturbance", args.output, args.prompts)

    return run


def image_text(parser: ArgumentParser) -> Run:
    parser.add_argument("--output", type=Path, default=ASSETS / "judge_text")
    parser.add_argument("--views", type=int, default=8000)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--each", type=int, default=20, help="held-out views of every class")

    def run(args: Namespace) -> None:
        from .image_text import make_image_text

        folder = args.folder / "image_text"
        make_image_text(folder, args.output, args.views, args.steps, args.each)

    return run


STAGES: tuple[Stage, ...] = (classifier, judge, disturbance, image_text)
