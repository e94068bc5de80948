"""Makes the embedded models, stage by stage.

    python -m scripts.embedded views --views 49152
    python -m scripts.embedded vae --steps 20000 --cooldown 4000
    python -m scripts.embedded decoder --steps 4000 --cooldown 2000
    python -m scripts.embedded latents
    python -m scripts.embedded unet --steps 40000 --cooldown 8000
    python -m scripts.embedded export --output synclab/assets/tiny
    python -m scripts.embedded refine --steps 4000 --cooldown 1000
    python -m scripts.embedded refine_score
    python -m scripts.embedded student --steps 1000 --cooldown 250
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
import json
import logging
from collections.abc import Callable
from pathlib import Path

import torch

from synclab.places import ASSETS
from synclab.priors.lora import FILE

from .training import Plan


def views(args: argparse.Namespace) -> None:
    from .data import render_dataset

    render_dataset(args.folder, args.views, args.seed)


def vae(args: argparse.Namespace) -> None:
    from .vae import train_vae

    train_vae(args.folder / "vae", args.folder, plan(args), args.begin)


def decoder(args: argparse.Namespace) -> None:
    from .vae import train_decoder

    model = args.folder / "vae" / "model"
    train_decoder(args.folder / "decoder", args.folder, plan(args), model)


def latents(args: argparse.Namespace) -> None:
    from .latents import encode_dataset

    encode_dataset(args.folder, args.folder / "vae" / "model", args.device)


def unet(args: argparse.Namespace) -> None:
    from .unet import train_unet

    train_unet(args.folder / "unet", args.folder, plan(args), args.begin)


def refine(args: argparse.Namespace) -> None:
    from .refinement import refine

    folder = args.folder / "refinement"
    refine(folder, args.folder, args.prior, plan(args), args.output, args.lora)


def refine_score(args: argparse.Namespace) -> None:
    from .refinement_score import score_refinement

    score_refinement(args.prior, args.lora, args.prompts, args.output, args.device)


def student(args: argparse.Namespace) -> None:
    from .student import train_student

    folder = args.folder / "student"
    train_student(folder, args.prior, args.guidance, plan(args), args.output)


def student_score(args: argparse.Namespace) -> None:
    from .student_score import score_student

    score_student(args.lora, args.prompts, args.output, args.device)


def depth(args: argparse.Namespace) -> None:
    from .depth import export_depth, train_depth

    train_depth(args.folder / "depth", args.prior, plan(args))
    export_depth(args.folder / "depth", args.prior, args.output)


def depth_score(args: argparse.Namespace) -> None:
    from synclab.priors.depth_channel import DepthChannelPrior
    from synclab.priors.latent import LatentPrior

    from .depth_score import score_depth

    priors = (
        DepthChannelPrior(str(args.prior), device=args.device),
        LatentPrior(str(args.plain), device=args.device),
    )
    score_depth(*priors, args.count, args.ddim_steps, args.output)


def export(args: argparse.Namespace) -> None:
    from .unet import export

    export(args.folder / "vae" / "model", args.folder / "unet", args.output)


def score(args: argparse.Namespace) -> None:
    from synclab.priors.latent import LatentPrior
    from synclab.world import KINDS

    from .card import contact_sheet, model_card, training_record
    from .prompts import draw_prompts
    from .score import score

    prior = LatentPrior(str(args.prior), device=args.device)
    prompts = draw_prompts(KINDS, args.prompts)
    scores, images = score(prior, args.views, prompts, args.guidance, args.ddim_steps)
    scores["training"] = training_record(args.folder)
    args.output.mkdir(parents=True, exist_ok=True)
    for scale, pictures in images.items():
        contact_sheet(prompts, pictures).save(args.output / f"samples_guidance_{scale}.png")
    text = json.dumps(scores, indent=2) + "\n"
    (args.output / "scores.json").write_text(text, encoding="utf-8")
    card = model_card(args.prior.name, prior, scores, args.commands, args.remarks)
    (args.output / "README.md").write_text(card, encoding="utf-8")


def calls(args: argparse.Namespace) -> None:
    from .calls import plot_calls

    plot_calls(args.folder / "calls", args.lora, args.prompts)


def classifier(args: argparse.Namespace) -> None:
    from .judge import make_judge

    make_judge(args.folder / "classifier", args.output, args.views, args.test_views, args.steps)


def judge(args: argparse.Namespace) -> None:
    from .quality import make_judge

    make_judge(args.folder / "judge", args.output, args.scenes, args.test_scenes, args.steps)


def disturbance(args: argparse.Namespace) -> None:
    from .disturbance import make_curves

    make_curves(args.folder / "disturbance", args.output, args.prompts)


def image_text(args: argparse.Namespace) -> None:
    from .image_text import make_image_text

    make_image_text(args.folder / "image_text", args.output, args.views, args.steps, args.each)


def motion(args: argparse.Namespace) -> None:
    from .motion import train_motion

    train_motion(args.folder / "motion", args.segments, plan(args), args.output)


def motion_judge(args: argparse.Namespace) -> None:
    from .motion_judge import make_motion_judge

    folder, motions = args.folder / "motion_judge", args.folder / "motion"
    make_motion_judge(folder, motions, args.segments, args.steps, args.output)


def motion_score(args: argparse.Namespace) -> None:
    from .motion_score import score_motion

    score_motion(args.prior, args.each, args.commands)


def pixels(args: argparse.Namespace) -> None:
    from .pixels import train_pixels

    train_pixels(args.folder / "pixels", args.views, args.prior, plan(args), args.output)


def pixels_score(args: argparse.Namespace) -> None:
    from .pixels_score import score_pixels

    score_pixels(args.prior, args.each, args.guidance, args.commands, args.remarks)


def plan(args: argparse.Namespace) -> Plan:
    return Plan(args.steps, args.cooldown, args.batch, args.device, args.seed, args.bf16)


def training(parser: argparse.ArgumentParser, steps: int, batch: int) -> None:
    """Options of a training that may be prolonged."""
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16")
    parser.add_argument("--cooldown", type=int, default=0, help="last steps, of falling rate")


def options(stage: str, parser: argparse.ArgumentParser) -> None:
    """What one stage can be told besides the options that all share."""
    if stage == "views":
        parser.add_argument("--views", type=int, default=49152)
    elif stage == "vae":
        training(parser, 20000, batch=4)
        parser.add_argument("--begin", type=Path, help="an autoencoder to go on from")
    elif stage == "decoder":
        training(parser, 4000, batch=4)
    elif stage == "unet":
        training(parser, 40000, batch=32)
        parser.add_argument("--begin", type=Path, help="a checkpoint whose text encoder to use")
    elif stage == "refine":
        training(parser, 4000, batch=16)
        parser.add_argument("--prior", type=Path, default=ASSETS / "tiny", help="to start from")
        parser.add_argument("--lora", type=Path, help="a LoRA of it to go on from")
        parser.add_argument("--output", type=Path, default=ASSETS / "tiny" / FILE)
    elif stage == "refine_score":
        parser.add_argument("--prior", type=Path, default=ASSETS / "tiny", help="it began from")
        parser.add_argument("--lora", type=Path, default=ASSETS / "tiny" / FILE)
        parser.add_argument("--prompts", type=int, default=2, help="for each kind and time")
        parser.add_argument("--output", type=Path, default=Path("runs/tiny/refinement/score"))
    elif stage == "student":
        training(parser, 1000, batch=3)
        parser.add_argument("--prior", type=Path, default=ASSETS / "tiny", help="the teacher")
        parser.add_argument("--guidance", type=float, default=5.0, help="scale that it learns")
        parser.add_argument("--output", type=Path, default=ASSETS / "tiny_fast" / FILE)
    elif stage == "student_score":
        parser.add_argument("--lora", type=Path, default=ASSETS / "tiny_fast" / FILE)
        parser.add_argument("--prompts", type=int, default=4, help="for each kind and time")
        parser.add_argument("--output", type=Path, default=Path("runs/tiny/student/score"))
    elif stage == "depth":
        training(parser, 1200, batch=16)
        parser.add_argument("--prior", type=Path, default=ASSETS / "tiny", help="to start from")
        parser.add_argument("--output", type=Path, default=ASSETS / "tiny_depth")
    elif stage == "depth_score":
        parser.add_argument("--prior", type=Path, default=ASSETS / "tiny_depth")
        parser.add_argument("--plain", type=Path, default=ASSETS / "tiny", help="to compare with")
        parser.add_argument("--output", type=Path, default=Path("runs/tiny/depth/score"))
        parser.add_argument("--count", type=int, default=64, help="held-out solids")
        parser.add_argument("--ddim-steps", type=int, default=25)
    elif stage == "export":
        parser.add_argument("--output", type=Path, default=ASSETS / "tiny")
    elif stage == "score":
        parser.add_argument("--prior", type=Path, default=ASSETS / "tiny")
        parser.add_argument("--output", type=Path, default=Path("runs/tiny/score"))
        parser.add_argument("--views", type=int, default=256, help="held-out views for the VAE")
        parser.add_argument("--prompts", type=int, default=4, help="for each kind and time")
        parser.add_argument("--ddim-steps", type=int, default=25)
        parser.add_argument("--guidance", type=float, nargs="+", default=[5.0, 7.5])
        parser.add_argument("--commands", default="", help="how it was trained, for the card")
        parser.add_argument("--remarks", default="", help="a paragraph for the card")
    elif stage == "calls":
        parser.add_argument("--lora", type=Path, default=ASSETS / "tiny_fast" / FILE)
        parser.add_argument("--prompts", default="demo_tables")
    elif stage == "judge":
        parser.add_argument("--output", type=Path, default=ASSETS / "judge_2")
        parser.add_argument("--scenes", type=int, default=5120, help="of two views each")
        parser.add_argument("--test-scenes", type=int, default=768)
        parser.add_argument("--steps", type=int, default=800)
    elif stage == "disturbance":
        parser.add_argument("--output", type=Path, default=ASSETS / "judge_2")
        parser.add_argument("--prompts", default="world")
    elif stage == "classifier":
        parser.add_argument("--output", type=Path, default=ASSETS / "judge")
        parser.add_argument("--views", type=int, default=8000)
        parser.add_argument("--test-views", type=int, default=1000)
        parser.add_argument("--steps", type=int, default=1500)
    elif stage == "image_text":
        parser.add_argument("--output", type=Path, default=ASSETS / "judge_text")
        parser.add_argument("--views", type=int, default=8000)
        parser.add_argument("--steps", type=int, default=1200)
        parser.add_argument("--each", type=int, default=20, help="held-out views of every class")
    elif stage == "motion":
        training(parser, 8000, batch=32)
        parser.add_argument("--segments", type=int, default=12288)
        parser.add_argument("--output", type=Path, default=ASSETS / "tiny_motion")
    elif stage == "motion_judge":
        parser.add_argument("--segments", type=int, default=12288)
        parser.add_argument("--steps", type=int, default=1500)
        parser.add_argument("--output", type=Path, default=ASSETS / "judge_motion")
    elif stage == "motion_score":
        parser.add_argument("--prior", type=Path, default=ASSETS / "tiny_motion")
        parser.add_argument("--each", type=int, default=3, help="segments of each request")
        parser.add_argument("--commands", default="", help="how it was trained, for the card")
    elif stage == "pixels":
        training(parser, 6000, batch=32)
        parser.add_argument("--views", type=int, default=12288)
        parser.add_argument("--prior", type=Path, default=ASSETS / "tiny", help="to start from")
        parser.add_argument("--output", type=Path, default=ASSETS / "tiny_pixels")
    elif stage == "pixels_score":
        parser.add_argument("--prior", type=Path, default=ASSETS / "tiny_pixels")
        parser.add_argument("--each", type=int, default=2, help="for each kind and time")
        parser.add_argument("--guidance", type=float, nargs="+", default=[2.5, 5.0])
        parser.add_argument("--commands", default="", help="how it was trained, for the card")
        parser.add_argument("--remarks", default="", help="a paragraph for the card")


STAGES: dict[str, Callable[[argparse.Namespace], None]] = {
    stage.__name__: stage
    for stage in (
        views,
        vae,
        decoder,
        latents,
        unet,
        refine,
        refine_score,
        student,
        student_score,
        depth,
        depth_score,
        export,
        score,
        calls,
        classifier,
        judge,
        disturbance,
        image_text,
        motion,
        motion_judge,
        motion_score,
        pixels,
        pixels_score,
    )
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.embedded",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parsers = parser.add_subparsers(dest="stage", required=True, metavar="STAGE")
    for name in STAGES:
        stage = parsers.add_parser(name)
        stage.add_argument("--folder", type=Path, default=Path("runs/tiny"))
        stage.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
        stage.add_argument("--seed", type=int, default=0)
        options(name, stage)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    STAGES[args.stage](args)


if __name__ == "__main__":
    main()
