"""Stages of the latent prior: views, autoencoder, denoiser, further training, student, scores."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from synclab.places import ASSETS
from synclab.priors.lora import FILE

from ..stage import Run, Stage, plan, training


def views(parser: ArgumentParser) -> Run:
    parser.add_argument("--views", type=int, default=49152)

    def run(args: Namespace) -> None:
        from ..data.views import render_dataset

        render_dataset(args.folder, args.views, args.seed)

    return run


def vae(parser: ArgumentParser) -> Run:
    training(parser, 20000, batch=4)
    parser.add_argument("--begin", type=Path, help="an autoencoder to go on from")

    def run(args: Namespace) -> None:
        from .vae import train_vae

        train_vae(args.folder / "vae", args.folder, plan(args), args.begin)

    return run


def decoder(parser: ArgumentParser) -> Run:
    training(parser, 4000, batch=4)

    def run(args: Namespace) -> None:
        from .vae import train_decoder

        model = args.folder / "vae" / "model"
        train_decoder(args.folder / "decoder", args.folder, plan(args), model)

    return run


def latents(parser: ArgumentParser) -> Run:
    def run(args: Namespace) -> None:
        from .latents import encode_dataset

        encode_dataset(args.folder, args.folder / "vae" / "model", args.device)

    return run


def unet(parser: ArgumentParser) -> Run:
    training(parser, 40000, batch=32)
    parser.add_argument("--begin", type=Path, help="a checkpoint whose text encoder to use")

    def run(args: Namespace) -> None:
        from .unet import train_unet

        train_unet(args.folder / "unet", args.folder, plan(args), args.begin)

    return run


def export(parser: ArgumentParser) -> Run:
    parser.add_argument("--output", type=Path, default=ASSETS / "tiny")

    def run(args: Namespace) -> None:
        from .unet import export

        export(args.folder / "vae" / "model", args.folder / "unet", args.output)

    return run


def refine(parser: ArgumentParser) -> Run:
    training(parser, 4000, batch=16)
    parser.add_argument("--prior", type=Path, default=ASSETS / "tiny", help="to start from")
    parser.add_argument("--lora", type=Path, help="a LoRA of it to go on from")
    parser.add_argument("--output", type=Path, default=ASSETS / "tiny" / FILE)

    def run(args: Namespace) -> None:
        from .refinement import refine

        folder = args.folder / "refinement"
        refine(folder, args.folder, args.prior, plan(args), args.output, args.lora)

    return run


def refine_score(parser: ArgumentParser) -> Run:
    parser.add_argument("--prior", type=Path, default=ASSETS / "tiny", help="it began from")
    parser.add_argument("--lora", type=Path, default=ASSETS / "tiny" / FILE)
    parser.add_argument("--prompts", type=int, default=2, help="for each kind and time")
    parser.add_argument("--output", type=Path, default=Path("runs/tiny/refinement/score"))

    def run(args: Namespace) -> None:
        from .refinement_score import score_refinement

        score_refinement(args.prior, args.lora, args.prompts, args.output, args.device)

    return run


def student(parser: ArgumentParser) -> Run:
    training(parser, 2000, batch=6)
    parser.add_argument("--prior", type=Path, default=ASSETS / "tiny", help="the teacher")
    parser.add_argument("--teacher-lora", type=Path, help="the teacher's own LoRA")
    parser.add_argument("--guidance", type=float, default=5.0, help="scale that it learns")
    parser.add_argument("--output", type=Path, default=ASSETS / "tiny_fast" / FILE)

    def run(args: Namespace) -> None:
        from .student import train_student

        folder = args.folder / "student"
        train_student(
            folder, args.folder, args.prior, args.guidance, plan(args), args.output,
            args.teacher_lora,
        )  # fmt: skip

    return run


def student_score(parser: ArgumentParser) -> Run:
    parser.add_argument("--lora", type=Path, default=ASSETS / "tiny_fast" / FILE)
    parser.add_argument("--teacher-lora", type=Path, default=ASSETS / "tiny" / FILE)
    parser.add_argument("--prompts", type=int, default=4, help="for each kind and time")
    parser.add_argument("--output", type=Path, default=Path("runs/tiny/student/score"))

    def run(args: Namespace) -> None:
        from .student_score import score_student

        score_student(args.lora, args.teacher_lora, args.prompts, args.output, args.device)

    return run


def score(parser: ArgumentParser) -> Run:
    parser.add_argument("--prior", type=Path, default=ASSETS / "tiny")
    parser.add_argument("--output", type=Path, default=Path("runs/tiny/score"))
    parser.add_argument("--views", type=int, default=256, help="held-out views for the VAE")
    parser.add_argument("--prompts", type=int, default=4, help="for each kind and time")
    parser.add_argument("--ddim-steps", type=int, default=25)
    parser.add_argument("--guidance", type=float, nargs="+", default=[5.0, 7.5])
    parser.add_argument("--commands", default="", help="how it was trained, for the card")
    parser.add_argument("--remarks", default="", help="a paragraph for the card")

    def run(args: Namespace) -> None:
        from synclab.priors.latent import LatentPrior
        from synclab.world import KINDS

        from ..data.prompts import draw_prompts
        from .card import model_card, training_record, write_card
        from .score import score

        prior = LatentPrior(str(args.prior), device=args.device)
        prompts = draw_prompts(KINDS, args.prompts)
        scores, images = score(prior, args.views, prompts, args.guidance, args.ddim_steps)
        scores["training"] = training_record(args.folder)
        card = model_card(args.prior.name, prior, scores, args.commands, args.remarks)
        write_card(args.output, card, scores, prompts, images)

    return run


def calls(parser: ArgumentParser) -> Run:
    parser.add_argument("--lora", type=Path, default=ASSETS / "tiny_fast" / FILE)
    parser.add_argument("--prompts", default="demo_tables")

    def run(args: Namespace) -> None:
        from .calls import plot_calls

        plot_calls(args.folder / "calls", args.lora, args.prompts)

    return run


STAGES: tuple[Stage, ...] = (
    views,
    vae,
    decoder,
    latents,
    unet,
    export,
    refine,
    refine_score,
    student,
    student_score,
    score,
    calls,
)
