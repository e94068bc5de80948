"""The embedded image-text model: trained on captioned views, scored on others."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from synclab.judges.classifier import Judge
from synclab.judges.image_text import ImageText
from synclab.world import KINDS, OUTDOOR, TIMES, caption, render_views, sample_scenes, vocabulary

from ..data.prompts import plain
from ..data.views import CAPTIONS, SIZE, render_chunk
from ..training.trainer import Plan, Trainer
from .classifier import augment, level_rows

log = logging.getLogger("image_text")

SEED = 17
TEST_SEED = 18
BATCH = 128
CLASSES = [(kind, time) for kind in KINDS for time in (TIMES if kind in OUTDOOR else [None])]


@dataclass(frozen=True)
class Captioned:
    """uint8 images (n, 3, 128, 128), the wordings of each, and its kind (n,)."""

    images: Tensor
    captions: list[list[str]]
    kind: Tensor


def render_captioned(folder: Path, count: int) -> None:
    """Fills `folder/views.pt` with at least `count` views that do not look steeply up or down."""
    chunks: list[Captioned] = []
    with tqdm(total=count, desc="views", disable=None) as bar:
        while sum(len(chunk.kind) for chunk in chunks) < count:
            chunk = render_chunk(len(chunks), SEED)
            rows = level_rows(chunk)
            captions = [chunk.captions[i] for i in rows.tolist()]
            chunks.append(Captioned(chunk.images[rows], captions, chunk.scenes.kind[rows]))
            bar.update(len(rows))
    folder.mkdir(parents=True, exist_ok=True)
    whole = {
        "images": torch.cat([chunk.images for chunk in chunks]),
        "captions": [texts for chunk in chunks for texts in chunk.captions],
        "kind": torch.cat([chunk.kind for chunk in chunks]),
    }
    torch.save(whole, folder / "views.pt")


def words() -> list[str]:
    """What the text tower knows: the world's words as it reads them, in lower case."""
    found = re.findall(r"[a-z0-9]+", " ".join(vocabulary()).lower())
    return sorted(set(found))


def contrast(model: ImageText, images: Tensor, texts: list[str]) -> Tensor:
    """CLIP's symmetric cross-entropy: each picture finds its caption and the other way round."""
    logits = model.log_scale.exp() * model.image(images) @ model.text(texts).T
    own = torch.arange(len(texts))
    return (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)) / 2


def image_text_loss(model: ImageText, views: Captioned) -> Callable[[torch.Generator], Tensor]:
    """The contrast of a batch in which every kind is drawn equally often."""
    weights = (1 / torch.bincount(views.kind, minlength=len(KINDS)).float())[views.kind]

    def loss(generator: torch.Generator) -> Tensor:
        index = torch.multinomial(weights, BATCH, generator=generator)
        wording = torch.randint(CAPTIONS, (BATCH,), generator=generator).tolist()
        texts = [views.captions[i][w] for i, w in zip(index, wording, strict=True)]
        return contrast(model, augment(views.images[index].float() / 255, generator), texts)

    return loss


def train(folder: Path, output: Path, steps: int) -> None:
    torch.manual_seed(SEED)
    model = ImageText(words())
    model.eye.load_state_dict(Judge.load().state_dict())  # knows kinds and times already
    views = Captioned(**torch.load(folder / "views.pt"))
    modules = nn.ModuleDict({"model": model})
    plan = Plan(steps, steps // 2, BATCH, "cpu", SEED)
    trainer = Trainer(folder / "train", modules, plan, 1e-3, averaging=0.99)
    trainer.fit(image_text_loss(model, views))
    model.save(output)


@dataclass(frozen=True)
class HeldOut:
    """`each` level views of every class, with a caption that names both its kind and its time."""

    images: Tensor  # classes each 3 h w
    captions: list[list[str]]


def held_out(each: int) -> HeldOut:
    generator = torch.Generator().manual_seed(TEST_SEED)
    images, captions = [], []
    for kind, time in tqdm(CLASSES, "held-out views", disable=None):
        scenes = sample_scenes(each, generator, kind, time)
        azimuth = torch.rand(each, generator=generator) * 360
        rgb, _ = render_views(scenes, azimuth, torch.zeros(each), SIZE)
        images.append((rgb * 255).round() / 255)
        captions.append([caption(scenes, i, generator) for i in range(each)])
    return HeldOut(torch.stack(images), captions)


def share(right: Tensor) -> float:
    return round(float(right.float().mean()), 4)


def classified(model: ImageText, views: HeldOut) -> dict[str, float]:
    """Shares of views whose nearest of the 45 plain prompts is right: wholly, in kind, in time."""
    texts = model.text([plain(*cell) for cell in CLASSES])
    found = (model.image(views.images.flatten(0, 1)) @ texts.T).argmax(1).view(len(CLASSES), -1)
    own = torch.arange(len(CLASSES))[:, None]
    kind = torch.tensor([KINDS.index(kind) for kind, _ in CLASSES])
    time = torch.tensor([-1 if time is None else TIMES.index(time) for _, time in CLASSES])
    outdoor = time >= 0
    return {
        "class": share(found == own),
        "kind": share(kind[found] == kind[own]),
        "time": share((time[found] == time[own])[outdoor]),
    }


def retrieved(model: ImageText, views: HeldOut) -> dict[str, float]:
    """Shares of right answers among 45, one view and its caption from every class."""
    right: dict[str, list[Tensor]] = {"text of an image": [], "image of a text": []}
    own = torch.arange(len(CLASSES))
    for i in range(views.images.shape[1]):
        texts = model.text([captions[i] for captions in views.captions])
        similar = model.image(views.images[:, i]) @ texts.T
        right["text of an image"].append(similar.argmax(1) == own)
        right["image of a text"].append(similar.argmax(0) == own)
    return {name: share(torch.stack(answers)) for name, answers in right.items()}


def cosines(model: ImageText, views: HeldOut) -> dict[str, float]:
    """Mean cosine x 100 of views with their own plain prompt and with those of other kinds."""
    texts = model.text([plain(*cell) for cell in CLASSES])
    similar = 100 * torch.einsum("cnd,td->ct", unit(model, views), texts) / views.images.shape[1]
    same = torch.tensor([[a == b for b, _ in CLASSES] for a, _ in CLASSES])
    return {
        "own prompt": round(float(similar.diag().mean()), 2),
        "other kinds": round(float(similar[~same].mean()), 2),
    }


def unit(model: ImageText, views: HeldOut) -> Tensor:
    return model.image(views.images.flatten(0, 1)).view(*views.images.shape[:2], -1)


CARD = """# judge_text: the embedded image-text model

What `clip` means under `eval=embedded`: {parameters} parameters that put pictures and prompts of
the procedural world (`synclab.world`) into one space of 128 dimensions, half precision. The picture
tower is the judge's (64 px), trained on; the text tower is a bag of {words} words, which ignores
their order and every other word. (`scripts/embedded/judges/image_text.py` wrote this card.)

## How it was made

CLIP's contrastive loss on {views} freshly rendered level views with four captions each, {steps}
steps of {batch} pairs, augmented like the judge's. It saw no picture of any generative model.

```
python -m scripts.embedded image_text --views {asked} --steps {steps}
```

## What it scores on {count} views of {classes} classes that it has not seen

The classes are all {kinds} kinds, outdoors at each of {times} times; chance is {chance}.

| question | right |
| --- | --- |
| nearest of {classes} plain prompts ("a desert at night"), whole class | {c[class]:.1%} |
| ... its kind | {c[kind]:.1%} |
| ... its time, outdoors | {c[time]:.1%} |
| caption of a view among {classes}, one from each class | {text:.1%} |
| view of a caption among {classes} | {image:.1%} |

Some captions name no time and fit four of the views, so the last two cannot reach 100 %.

Mean cosine x 100: {cos[own prompt]} with a view's own plain prompt, {cos[other kinds]} with
those of other kinds. No number made with it can stand beside one made with OpenAI's CLIP.
"""


@torch.no_grad()
def score(folder: Path, output: Path, asked: int, steps: int, each: int) -> None:
    model, views = ImageText.load(output), held_out(each)
    found = retrieved(model, views)
    card = CARD.format(
        parameters=f"{sum(p.numel() for p in model.parameters()):,}",
        words=len(model.words),
        views=asked,
        asked=asked,
        steps=steps,
        batch=BATCH,
        count=each * len(CLASSES),
        classes=len(CLASSES),
        kinds=len(KINDS),
        times=len(TIMES),
        chance=f"{1 / len(CLASSES):.1%}",
        c=classified(model, views),
        text=found["text of an image"],
        image=found["image of a text"],
        cos=cosines(model, views),
    )
    (output / "README.md").write_text(card, encoding="utf-8")
    log.info("%s", card)


def make_image_text(folder: Path, output: Path, views: int, steps: int, each: int) -> None:
    """Renders, trains and scores on `each` held-out views of every class; writes to `output`."""
    if not (folder / "views.pt").exists():
        render_captioned(folder, views)
    train(folder, output, steps)
    score(folder, output, views, steps, each)
