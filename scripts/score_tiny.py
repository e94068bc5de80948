"""Scores the embedded prior on scenes that it has never seen, and writes its model card.

    python scripts/score_tiny.py --prior synclab/assets/tiny --folder runs/tiny

The VAE is measured on held-out views, the diffusion model by what the judge sees in its samples.
`scores.json` and a contact sheet for each guidance scale go to `--folder`, where the losses of
training are looked up too; the card goes to `README.md` beside the weights.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: spinning threads starve others

import argparse
import json
import logging
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn
from tqdm import tqdm
from train_judge import Labelled, accuracy, level_views

from synclab.judges.classifier import Judge, verdicts
from synclab.priors.branches import Branches
from synclab.priors.latent import LatentPrior
from synclab.world import KINDS, OUTDOOR, TIMES, Scenes, caption, sample_scenes
from synclab.world.captions import ENDINGS, MOMENT_WORDS, MOMENTS, OPENERS, is_unknown

log = logging.getLogger("score_tiny")

SEED = 1000  # training drew from seeds below
RIM = 4  # pixels
WORDINGS = ("plain", "without filler", "with filler")


@dataclass(frozen=True)
class Prompt:
    """A text, what it asks for (no time: not outdoors), and its wording, one of WORDINGS."""

    text: str
    kind: str
    time: str | None
    wording: str


def plain(kind: str, time: str | None) -> Prompt:
    """What a user would type first: "a desert at night"."""
    article = "an" if kind[0] in "aeiou" else "a"
    return Prompt(f"{article} {kind}" + (f" at {time}" if time else ""), kind, time, "plain")


def is_filled(text: str) -> bool:
    """Whether a caption has words that tell nothing: openers, endings, invented ones."""
    parts = text.split(", ")
    opened = any(part.startswith(f"{opener} ") for part in parts for opener in OPENERS)
    return opened or any(part in ENDINGS for part in parts) or any(map(is_unknown, text.split()))


def tells_time(text: str, time: str | None) -> bool:
    """Some captions leave the time out; the judge could not tell whether such a one was obeyed."""
    words = f" {text.replace(',', '')} "
    return time is None or any(
        f" {phrase} " in words for phrase in MOMENTS[time] + MOMENT_WORDS[time]
    )


def worded(scenes: Scenes, index: int, wording: str, generator: torch.Generator) -> Prompt:
    """A caption of a scene with or without filler words, drawn again until it fits."""
    kind = KINDS[int(scenes.kind[index])]
    time = TIMES[int(scenes.time[index])] if kind in OUTDOOR else None
    while True:
        text = caption(scenes, index, generator)
        if tells_time(text, time) and is_filled(text) == (wording == "with filler"):
            return Prompt(text, kind, time, wording)


def prompts_of(kind: str, time: str | None, count: int, generator: torch.Generator) -> list[Prompt]:
    """The plain prompt, then captions of fresh scenes, without and with filler words in turn."""
    scenes = sample_scenes(count, generator, kind, time)
    wordings = [WORDINGS[1 + index % 2] for index in range(count - 1)]
    captions = [worded(scenes, i, wording, generator) for i, wording in enumerate(wordings)]
    return [plain(kind, time), *captions]


def draw_prompts(kinds: list[str], count: int) -> list[Prompt]:
    """`count` prompts for every kind and, outdoors, for every time of each."""
    generator = torch.Generator().manual_seed(SEED + 1)
    cells = [(kind, time) for kind in kinds for time in (TIMES if kind in OUTDOOR else [None])]
    return [prompt for cell in cells for prompt in prompts_of(*cell, count, generator)]


def embed(prior: LatentPrior, prompts: list[Prompt]) -> Branches:
    first, *others = (prior.embed(prompt.text) for prompt in prompts)
    return first.join(others)


def denoise(prior: LatentPrior, x: Tensor, cond: Branches, steps: int, guidance: float) -> Tensor:
    """Plain DDIM from noise (n, c, h, w) to images (n, 3, H, W) in [0, 1]."""
    for t, s in prior.schedule.steps(steps):
        x0 = prior.schedule.x0(x, prior.predict(x, t, cond, guidance), t)
        x = prior.schedule.ddim(x, x0, t, s)
    return prior.decode(x).cpu()


def generate(
    prior: LatentPrior, prompts: list[Prompt], steps: int, guidance: float, batch: int
) -> Tensor:
    """An image for each prompt; the noise depends on neither guidance nor batch."""
    generator = torch.Generator().manual_seed(SEED + 2)
    noise = torch.randn(len(prompts), *prior.shape, generator=generator)
    images = []
    for start in tqdm(range(0, len(prompts), batch), f"guidance {guidance:g}", disable=None):
        part = slice(start, start + batch)
        cond = embed(prior, prompts[part])
        images.append(denoise(prior, noise[part].to(prior.device), cond, steps, guidance))
    return torch.cat(images)


def share(right: list[bool]) -> float | None:
    return round(sum(right) / len(right), 4) if right else None


def obeyed(prompts: list[Prompt], kinds: list[str], times: list[str]) -> dict:
    """Shares of prompts whose kind and (where it has one) time the judge recognised."""
    rows = list(zip(prompts, kinds, times, strict=True))
    return {
        "count": len(prompts),
        "kind": share([kind == prompt.kind for prompt, kind, _ in rows]),
        "time": share([time == prompt.time for prompt, _, time in rows if prompt.time]),
    }


def score_samples(judge: Judge, prompts: list[Prompt], images: Tensor) -> dict:
    """`obeyed` over all prompts, for each kind, and for each wording."""
    kind, time = verdicts(judge, images)
    kinds, times = [KINDS[i] for i in kind], [TIMES[i] for i in time]

    def of(attribute: str) -> dict:
        names = dict.fromkeys(getattr(prompt, attribute) for prompt in prompts)
        found = {}
        for name in names:
            where = [i for i, prompt in enumerate(prompts) if getattr(prompt, attribute) == name]
            found[name] = obeyed(
                [prompts[i] for i in where], [kinds[i] for i in where], [times[i] for i in where]
            )
        return found

    return {
        "all": obeyed(prompts, kinds, times),
        "by_kind": of("kind"),
        "by_wording": of("wording"),
    }


def reconstruct(prior: LatentPrior, images: Tensor, batch: int) -> Tensor:
    starts = tqdm(images.split(batch), "reconstructions", disable=None)
    return torch.cat([prior.decode(prior.encode(part.to(prior.device))).cpu() for part in starts])


def rim_errors(error: Tensor) -> dict[str, float]:
    """Mean of an error map (h, w) in its outermost pixels, in the rest, and their ratio."""
    inside = torch.zeros_like(error, dtype=torch.bool)
    inside[RIM:-RIM, RIM:-RIM] = True
    rim, interior = float(error[~inside].mean()), float(error[inside].mean())
    return {
        "rim": round(rim, 5),
        "interior": round(interior, 5),
        "ratio": round(rim / interior, 4),
    }


def score_vae(prior: LatentPrior, judge: Judge, views: Labelled, batch: int) -> dict:
    """Faithfulness of decode(encode(image)), and what the judge still recognises."""
    images = views.images.float() / 255
    output = reconstruct(prior, images, batch)
    mse = (output - images).square().mean((1, 2, 3))
    return {
        "views": len(images),
        "psnr": round(float((-10 * mse.log10()).mean()), 2),
        "psnr_of_pooled_error": round(-10 * math.log10(float(mse.mean())), 2),
        "absolute_error": rim_errors((output - images).abs().mean((0, 1))),
        "judge_on_views": accuracy(judge, images, views),
        "judge_on_reconstructions": accuracy(judge, output, views),
    }


def sheet_cells(prompts: list[Prompt], kind: str) -> list[int]:
    """Indices of a row's pictures: the plain prompt of each time, or every prompt indoors."""
    of_kind = [i for i, prompt in enumerate(prompts) if prompt.kind == kind]
    if kind in OUTDOOR:
        of_kind = [i for i in of_kind if prompts[i].wording == "plain"]
    return of_kind[: len(TIMES)]


def contact_sheet(prompts: list[Prompt], images: Tensor) -> Image.Image:
    """Rows are kinds, columns times; kinds without a time show their first prompts instead."""
    side, left, top = images.shape[-1], 100, 18
    kinds = list(dict.fromkeys(prompt.kind for prompt in prompts))
    sheet = Image.new("RGB", (left + side * len(TIMES), top + side * len(kinds)), "white")
    draw = ImageDraw.Draw(sheet)
    for column, time in enumerate(TIMES):
        draw.text((left + side * column + 4, 3), time, "black")
    for row, kind in enumerate(kinds):
        draw.text((4, top + side * row + side // 2 - 6), kind, "black")
        for column, index in enumerate(sheet_cells(prompts, kind)):
            pixels = (images[index] * 255).round().byte().permute(1, 2, 0).numpy()
            sheet.paste(Image.fromarray(pixels), (left + side * column, top + side * row))
    return sheet


def training_tail(folder: Path, part: str) -> dict | None:
    """Steps and the mean of the last hundred losses on record, one in ten steps each."""
    path = folder / part / "loss.jsonl"
    if not path.is_file():
        return None
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    losses = [row["loss"] for row in rows[-100:]]
    return {"steps": rows[-1]["step"] + 10, "loss": round(sum(losses) / len(losses), 5)}


def training_record(folder: Path) -> dict:
    captions = folder / "captions.jsonl"
    views = captions.read_text().count("\n") if captions.is_file() else None
    return {"views": views, **{part: training_tail(folder, part) for part in ("vae", "unet")}}


def parameters(module: nn.Module) -> str:
    return f"{sum(p.numel() for p in module.parameters()) / 1e6:.2f} M"


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def parts_table(prior: LatentPrior, record: dict) -> str:
    """Architecture, size and training of the three networks."""
    unet, vae, text = prior.unet.config, prior.vae.config, prior.text_encoder.config

    def trained(part: str) -> list[str]:
        tail = record[part]
        return [str(tail["steps"]), f"{tail['loss']:.4f}"] if tail else ["not recorded"] * 2

    size, channels = prior.image_size, prior.shape[0]
    shapes = {
        "VAE": f"`AutoencoderKL`, widths {list(vae.block_out_channels)}, {size} px to"
        f" {channels} x {prior.shape[1]} x {prior.shape[2]}",
        "UNet": f"`UNet2DConditionModel`, widths {list(unet.block_out_channels)},"
        f" {unet.layers_per_block} layer(s) a block, cross-attention to {unet.cross_attention_dim}",
        "text encoder": f"`CLIPTextModel`, {text.num_hidden_layers} layers of {text.hidden_size},"
        f" {text.vocab_size} tokens, prompts of {text.max_position_embeddings}",
    }
    modules = {"VAE": prior.vae, "UNet": prior.unet, "text encoder": prior.text_encoder}
    training = {
        "VAE": trained("vae"),
        "UNet": trained("unet"),
        "text encoder": ["with the UNet", ""],
    }
    rows = [[n, shapes[n], parameters(modules[n]), *training[n]] for n in shapes]
    return table(["part", "architecture", "parameters", "steps", "loss at the end"], rows)


def command_lines(record: dict, options: str) -> str:
    """What trains and scores the prior again, with the sizes that the run's folder tells of."""
    sizes = {"--views": record["views"]}
    sizes |= {f"--{part}-steps": (record[part] or {}).get("steps") for part in ("vae", "unet")}
    flags = " ".join(f"{name} {value}" for name, value in sizes.items() if value)
    train = "python scripts/train_tiny.py views vae latents unet export --folder runs/tiny"
    score = "python scripts/score_tiny.py --prior synclab/assets/tiny --folder runs/tiny"
    return "\n".join([" ".join(filter(None, [train, flags, options])), score])


def samples_table(samples: dict[str, dict]) -> str:
    """Accuracy of kind and time at every guidance scale: rows are kinds, then wordings."""
    head = ["prompts"] + [f"{what}, guidance {g}" for g in samples for what in ("kind", "time")]

    def row(label: str, *keys: str) -> list[str]:
        cells = [label]
        for scores in samples.values():
            for key in keys:
                scores = scores[key]
            cells += [percent(scores["kind"]), percent(scores["time"])]
        return cells

    first = next(iter(samples.values()))
    rows = [row("**all**", "all")]
    rows += [row(f"*{wording}*", "by_wording", wording) for wording in first["by_wording"]]
    return table(head, rows + [row(kind, "by_kind", kind) for kind in first["by_kind"]])


CARD = """# tiny: the embedded prior

A latent diffusion model of {size} x {size} pixels in Stable Diffusion's format, half precision,
small enough to live in the repository and to run on a CPU. It knows one thing: the procedural world
of `synclab.world`. (`scripts/score_tiny.py` wrote this card.)

## How it was made

Data: {views} perspective views rendered from `synclab.world` ({kinds} kinds of scene, {times} times
of day outdoors), most of them level and 72 degrees wide, each with four captions that the world
wrote. No photograph, no text and no weights of others went into it.

{parts}

The VAE minimises L1 and squared error, gradients over three scales, and a slight KL term; the UNet
predicts the noise with min-SNR weights, the text encoder learns along, and one prompt in ten is
empty, for guidance. The schedule is Stable Diffusion's (scaled linear, 1000 times).

```
{commands}
```
{remarks}
## What it scores

VAE on {vae[views]} held-out level views: PSNR **{vae[psnr]} dB** (mean over views;
{vae[psnr_of_pooled_error]} dB of the pooled error). The mean absolute error in the outermost {rim}
pixels is {vae[absolute_error][ratio]} times that of the interior. The judge recognises the kind of
{judge_kind} and the time of {judge_time} of the reconstructions ({true_kind} and {true_time} of the
views themselves).

Samples, {count} for each guidance scale, plain DDIM with {steps} steps: share of those in which the
judge (`synclab/assets/judge`) recognises the kind and, outdoors, the time that the prompt asks for.
Chance is {chance_kind} and {chance_time}. "Plain" prompts read "a desert at night"; the others are
captions of scenes held out from training (their wording may have occurred there), some of them with
filler words such as "a photo of" or "highly detailed".

{samples}

## Limits

- It draws this world only. Words outside of its vocabulary fall apart into letters that it has
  hardly met; style words are filler to it.
- {size} pixels, and small detail (windows, stars, flowers) only as far as the VAE keeps it.
- The judge is a small classifier of the same world: it tells whether a sample shows what was asked
  for, not whether it is beautiful or varied.
- Views looking steeply up or down are rare in its data, and these scores leave them out.
- It serves to compare methods with one another. No number made with it can stand beside a paper's.

## Licence

That of the project: all of it, data included, was made by the project's own code.
"""


def model_card(prior: LatentPrior, scores: dict, options: str, remarks: str) -> str:
    vae, record, settings = scores["vae"], scores["training"], scores["settings"]
    return CARD.format(
        size=prior.image_size,
        views=record["views"] or "(not recorded)",
        kinds=len(KINDS),
        times=len(TIMES),
        parts=parts_table(prior, record),
        commands=command_lines(record, options),
        remarks=f"\n{remarks}\n" if remarks else "",
        vae=vae,
        rim=RIM,
        judge_kind=percent(vae["judge_on_reconstructions"]["kind"]),
        judge_time=percent(vae["judge_on_reconstructions"]["time"]),
        true_kind=percent(vae["judge_on_views"]["kind"]),
        true_time=percent(vae["judge_on_views"]["time"]),
        count=settings["samples"],
        steps=settings["steps"],
        chance_kind=percent(1 / len(KINDS)),
        chance_time=percent(1 / len(TIMES)),
        samples=samples_table(scores["samples"]),
    )


def sample_and_score(
    prior: LatentPrior, judge: Judge, args: argparse.Namespace
) -> tuple[dict, int]:
    """Scores by guidance scale and the number of prompts; leaves the contact sheets behind."""
    prompts = draw_prompts(args.kinds, args.prompts)
    samples = {}
    for guidance in args.guidance:
        images = generate(prior, prompts, args.steps, guidance, args.batch)
        contact_sheet(prompts, images).save(args.folder / f"samples_guidance_{guidance:g}.png")
        samples[f"{guidance:g}"] = score_samples(judge, prompts, images)
        log.info("guidance %g: %s", guidance, samples[f"{guidance:g}"]["all"])
    return samples, len(prompts)


@torch.no_grad()
def score(args: argparse.Namespace) -> None:
    prior = LatentPrior(
        str(args.prior), precision=args.precision, batch=2 * args.batch, device=args.device
    )
    judge = Judge.load()
    vae = score_vae(prior, judge, level_views(args.views, SEED), args.batch)
    log.info("vae: %s", vae)
    samples, count = sample_and_score(prior, judge, args)
    settings = {"seed": SEED, "steps": args.steps, "samples": count, "precision": args.precision}
    training = training_record(args.folder)
    scores = {"vae": vae, "samples": samples, "settings": settings, "training": training}
    (args.folder / "scores.json").write_text(json.dumps(scores, indent=2) + "\n")
    (args.prior / "README.md").write_text(
        model_card(prior, scores, args.training_options, args.remarks)
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--prior", type=Path, default=Path("synclab/assets/tiny"))
    parser.add_argument("--folder", type=Path, default=Path("runs/tiny"))
    parser.add_argument("--views", type=int, default=256, help="held-out views for the VAE")
    parser.add_argument("--prompts", type=int, default=4, help="for each kind and time")
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--guidance", type=float, nargs="+", default=[4.0, 7.5])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--training-options", default="", help="other options of train_tiny.py, named in the card"
    )
    parser.add_argument(
        "--remarks", default="", help="a paragraph for the card: what else happened"
    )
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    args.folder.mkdir(parents=True, exist_ok=True)
    score(args)


if __name__ == "__main__":
    main()
