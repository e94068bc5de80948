"""The embedded prior's model card."""

import json
from pathlib import Path

from torch import Tensor

from synclab.priors.latent import LatentPrior
from synclab.world import KINDS, TIMES

from ..cards.sheets import contact_sheet
from ..cards.tables import parameters, percent, table
from ..data.prompts import Prompt
from .vae import RIM


def training_tail(folder: Path, part: str) -> dict | None:
    """Steps and the mean of the last hundred recorded losses, of which one step in ten has one."""
    path = folder / part / "loss.jsonl"
    if not path.is_file():
        return None
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    losses = [row["loss"] for row in rows[-100:]]
    return {"steps": rows[-1]["step"] + 10, "loss": round(sum(losses) / len(losses), 5)}


def training_record(folder: Path) -> dict:
    captions = folder / "captions.jsonl"
    views = captions.read_text(encoding="utf-8").count("\n") if captions.is_file() else None
    return {"views": views, **{part: training_tail(folder, part) for part in ("vae", "unet")}}


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


CARD = """# {name}: an embedded prior

A latent diffusion model of {size} x {size} pixels in Stable Diffusion's format, half precision,
small enough to live in the repository and to run on a CPU. It knows one thing: the procedural world
of `synclab.world`. (`scripts/embedded/latent/card.py` wrote this card.)

## How it was made

Data: {views} perspective views rendered from `synclab.world` ({kinds} kinds of scene, {times} times
of day outdoors), half near the horizon, a quarter steep with both poles among them, half 72 degrees
wide and half of 36 to 100, each with four captions that the world wrote. No photograph, no text and
no weights of others went into it.

{parts}

The VAE minimises L1, the logarithm of each picture's squared error (its PSNR), gradients over three
scales, and a slight KL term; the UNet predicts the velocity on a schedule that ends in almost pure
noise, the text encoder learns along, and one prompt in ten is empty, for guidance. Muon at a
constant rate that falls to zero at the end; the weights are moving averages. `training/` holds the
losses, and what was measured on the way.

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
filler words such as "a photo of" or "highly detailed". Fréchet distance of the judge's features to
as many true level views of what was asked for: {distances}.

{samples}

## Limits

- It draws this world only. Words outside of its vocabulary fall apart into letters that it has
  hardly met; style words are filler to it.
- {size} pixels, and small detail (windows, stars, flowers) only as far as the VAE keeps it.
- The judge is a small classifier of the same world: it measures whether a sample shows what was
  asked for, not whether it is beautiful or varied.
- These scores leave out views that look steeply up or down.
- It serves to compare methods with one another. No number made with it can stand beside a paper's.

## Licence

That of the project: all of it, data included, was made by the project's own code.
"""


def model_card(name: str, prior: LatentPrior, scores: dict, commands: str, remarks: str) -> str:
    """The text of README.md; `scores` as `score` returns them, with `training_record` added."""
    vae, record, settings = scores["vae"], scores["training"], scores["settings"]
    distances = [f"{s['fid']:g} at guidance {scale}" for scale, s in scores["samples"].items()]
    return CARD.format(
        name=name,
        size=prior.image_size,
        views=record["views"] or "(not recorded)",
        kinds=len(KINDS),
        times=len(TIMES),
        parts=parts_table(prior, record),
        commands=commands,
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
        distances=", ".join(distances),
        samples=samples_table(scores["samples"]),
    )


def write_card(
    output: Path, card: str, scores: dict, prompts: list[Prompt], images: dict[str, Tensor]
) -> None:
    """Writes README.md, scores.json, and a sheet of the samples at each guidance scale."""
    output.mkdir(parents=True, exist_ok=True)
    for scale, pictures in images.items():
        contact_sheet(prompts, pictures).save(output / f"samples_guidance_{scale}.png")
    text = json.dumps(scores, indent=2) + "\n"
    (output / "scores.json").write_text(text, encoding="utf-8")
    (output / "README.md").write_text(card, encoding="utf-8")
