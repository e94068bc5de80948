"""How well the pixel prior's plain samples show what they are asked, by the judge; its card."""

import logging
from pathlib import Path

from synclab.core.atomic import write_atomically
from synclab.judges.classifier import Judge
from synclab.priors.pixel import PixelPrior
from synclab.world import KINDS, TIMES

from ..cards.sheets import contact_sheet
from ..cards.tables import parameters, percent, table
from ..data.prompts import draw_prompts
from ..latent.card import samples_table
from ..latent.score import distance, generate, score_samples, true_views

log = logging.getLogger("pixels_score")

STEPS = 25
BATCH = 16
"""Samples made together."""

CARD = """# tiny_pixels: the embedded pixel prior

A diffusion model of {size} x {size} RGB pixels in diffusers' format, without an autoencoder, in
half precision. Its views can be turned, flipped and rearranged exactly, which ambiguous images
need. It knows the procedural world of `synclab.world` only. (`scripts/embedded/pixels/score.py`
wrote this card.)

## How it was made

Data: 12288 views rendered from `synclab.world` at 128 pixels and averaged 2 x 2, four in five near
the horizon, each with four captions that the world wrote, and their mirror images. The UNet's first
weights are those of every n-th channel of `tiny`'s UNet (Xu et al. 2024, arXiv 2311.18823), and its
text encoder is `tiny`'s.

{parts}

The UNet sees {patch} x {patch} pixels as one place of {channels} channels and predicts the clean
image; errors are weighted as those of the velocity. The schedule is DeepFloyd IF's (squared
cosine), and so is the clipping of estimates (dynamic thresholding). One prompt in ten is empty, for
guidance. The weights are moving averages; `training/` holds the losses.

```
{commands}
```
{remarks}
## What it scores

{count} samples for each guidance scale, plain DDIM with {steps} steps: share of those in which the
judge (`synclab/assets/judge`) recognises the kind and, outdoors, the time that the prompt asks for.
Chance is {chance_kind} and {chance_time}. "Plain" prompts read "a desert at night"; the others are
captions of other scenes. Fréchet distance of the judge's features to as many true level views:
{distances}.

{samples}

![Samples at guidance {shown}](samples.jpg)

## Limits

- It draws this world only, at {size} pixels, and small detail hardly. Steep views are rare in its
  data.
- Patches of {patch} x {patch} pixels leave a faint grid.
- No number made with it can stand beside a paper's.

## Licence

That of the project: all of it, data included, was made by the project's own code.
"""


def score_pixels(
    folder: Path, each: int, guidance: list[float], commands: str, remarks: str
) -> None:
    """Writes README.md and samples.jpg into the prior's folder.

    Args:
        each: samples for every kind of scene and, outdoors, every time of it.
    """
    prior, judge = PixelPrior(str(folder)), Judge.load()
    prompts = draw_prompts(KINDS, each)
    scores, distances, truth = {}, [], true_views(prompts)
    for scale in guidance:
        images = generate(prior, prompts, STEPS, scale, BATCH)
        scores[f"{scale:g}"] = score_samples(judge, prompts, images)
        distances.append(f"{distance(judge, images, truth):g} at guidance {scale:g}")
        log.info("guidance %g: %s", scale, scores[f"{scale:g}"]["all"])
        contact_sheet(prompts, images).save(folder / "samples.jpg", quality=88)
    card = CARD.format(
        size=prior.image_size,
        patch=prior.patch,
        channels=prior.unet.config.in_channels,
        parts=parts_table(prior),
        commands=commands,
        remarks=f"\n{remarks}\n" if remarks else "",
        count=len(prompts),
        steps=STEPS,
        chance_kind=percent(1 / len(KINDS)),
        chance_time=percent(1 / len(TIMES)),
        distances=", ".join(distances),
        samples=samples_table(scores),
        shown=f"{guidance[-1]:g}",
    )
    write_atomically(folder / "README.md", card.encode())


def parts_table(prior: PixelPrior) -> str:
    """Architecture and size of both networks."""
    unet, text = prior.unet.config, prior.text_encoder.config
    rows = [
        [
            "UNet",
            f"`UNet2DConditionModel`, widths {list(unet.block_out_channels)},"
            f" {unet.layers_per_block} layer a block, cross-attention to"
            f" {unet.cross_attention_dim}",
            parameters(prior.unet),
        ],
        [
            "text encoder",
            f"`CLIPTextModel`, {text.num_hidden_layers} layers of {text.hidden_size}",
            parameters(prior.text_encoder),
        ],
    ]
    return table(["part", "architecture", "parameters"], rows)
