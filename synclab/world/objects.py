"""Captioned solids of the world's materials on a plain background: colour, cover and depth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn.functional import normalize

from synclab.core import geometry

from .captions import ENDINGS, NOUNS, OPENERS, Dice
from .materials import MATERIALS, Surface
from .palette import mix
from .solids import SOLIDS, Point, trace

NAMES = list(MATERIALS)
SHAPES = list(SOLIDS)
CHANCES = 24
PROPORTIONS = 6
"""Numbers of a solid's chances that its shape takes; its material takes the others."""
LIGHT = (0.3, 0.8, 0.5)
"""Towards the light, in the axes of the world (+y up)."""
SHADE = 0.2
"""Share of the colour that the light takes away where the surface looks aside."""


@dataclass(frozen=True)
class Objects:
    """A batch of n solids; everything that a picture or a caption depends on.

    material, shape: (n,) indices into MATERIALS and SOLIDS; backdrop: (n, 3) colour around the
    solid; turn: (n, 4) unit quaternion of the solid in the world; chance: (n, CHANCES) uniform
    numbers that shape and material share out.
    """

    material: Tensor
    shape: Tensor
    backdrop: Tensor
    turn: Tensor
    chance: Tensor

    def __len__(self) -> int:
        return len(self.material)

    def __getitem__(self, index: Sequence[int] | Tensor) -> "Objects":
        pick = torch.as_tensor(index)
        return Objects(*(getattr(self, field.name)[pick] for field in fields(self)))


@dataclass(frozen=True)
class Orbit:
    """Cameras that look at the centre of each solid, in the conventions of the task `mesh`.

    azimuth, elevation: (n,) degrees of the camera's position; fov: degrees; distance: from the
    centre, in radii of the solid.
    """

    azimuth: Tensor
    elevation: Tensor
    fov: float
    distance: float


@dataclass(frozen=True)
class Pictures:
    """rgb (n, 3, s, s) in [0, 1]; cover (n, 1, s, s), whether a pixel sees the solid; depth
    (n, 1, s, s) along the camera's axis, meaningless beside the solid.
    """

    rgb: Tensor
    cover: Tensor
    depth: Tensor


def sample_objects(
    count: int, generator: torch.Generator, material: str | None = None, shape: str | None = None
) -> Objects:
    """Draws `count` solids, the same ones for the same generator state (CPU).

    Half have the grey background of the tasks, the others white, black, or any colour.
    """

    def uniform(*size: int) -> Tensor:
        return torch.rand(count, *size, generator=generator)

    materials, shapes = (uniform() * len(NAMES)).long(), (uniform() * len(SHAPES)).long()
    materials = materials if material is None else torch.full_like(materials, NAMES.index(material))
    shapes = shapes if shape is None else torch.full_like(shapes, SHAPES.index(shape))
    choice, any_colour = uniform(1), uniform(3)
    grey = torch.where(choice < 0.5, 0.5, torch.where(choice < 0.7, 1.0, 0.0))
    backdrop = torch.where(choice < 0.75, grey, any_colour)
    turn = torch.randn(count, 4, generator=generator)
    turn = turn / turn.norm(dim=1, keepdim=True)
    return Objects(materials, shapes, backdrop, turn, uniform(CHANCES))


@torch.no_grad()
def render_objects(objects: Objects, orbit: Orbit, size: int) -> Pictures:
    """Square perspective views of n solids, one ray through every pixel centre."""
    sight = look(objects, orbit, size)
    rgb = torch.empty(len(objects), 3, size, size)
    cover, depth = (torch.empty(len(objects), 1, size, size) for _ in range(2))
    for index in objects.shape.unique().tolist():
        where = (objects.shape == index).nonzero()[:, 0]
        part = objects[where]
        chance = part.chance[:, :PROPORTIONS]
        met = trace(SOLIDS[SHAPES[index]], chance, sight.origin[where], sight.ray[where])
        colours = paint(part, met.point, met.normal, sight.pixel)
        lit = colours * shading(met.normal, sight.light[where])
        cover[where], depth[where] = met.hit[:, None].float(), met.travelled[:, None]
        rgb[where] = mix(part.backdrop[:, :, None, None], lit.clamp(0, 1), cover[where])
    return Pictures(rgb, cover, depth)


@dataclass(frozen=True)
class Sight:
    """Rays in the axes of each solid: origin (n, 3), ray (n, h, w, 3) of depth 1 along the
    camera's axis, light (n, 3), the unit vector towards it, and a pixel's size at the centre.
    """

    origin: Tensor
    ray: Tensor
    light: Tensor
    pixel: float


def look(objects: Objects, orbit: Orbit, size: int) -> Sight:
    camera = geometry.camera_rotation(-orbit.azimuth.double(), -orbit.elevation.double()).float()
    own = geometry.quaternion_rotation(objects.turn).transpose(1, 2)
    offset = geometry.image_plane(size, orbit.fov).float()
    y, x = torch.meshgrid(-offset, offset, indexing="ij")
    local = torch.stack([x, y, -torch.ones_like(x)], -1)
    ray = torch.einsum("nij,hwj->nhwi", own @ camera, local)
    origin = (own @ camera)[:, :, 2] * orbit.distance
    light = own @ normalize(torch.tensor(LIGHT), dim=0)
    pixel = 2 * math.tan(math.radians(orbit.fov) / 2) * orbit.distance / size
    return Sight(origin, ray, light, pixel)


def paint(objects: Objects, point: Point, normal: Point, pixel: float) -> Tensor:
    """Unlit colours (n, 3, h, w), one material after the other."""
    x, y, z, *facing = (part[:, None] for part in (*point, *normal))
    colours = torch.empty(len(objects), 3, *x.shape[2:])
    for index in objects.material.unique().tolist():
        where = (objects.material == index).nonzero()[:, 0]
        a, b, c = (part[where] for part in facing)
        chance = objects.chance[where, PROPORTIONS:]
        surface = Surface(x[where], y[where], z[where], (a, b, c), pixel, chance)
        colours[where] = MATERIALS[NAMES[index]](surface)
    return colours


def shading(normal: Point, light: Tensor) -> Tensor:
    """Weak diffuse light (n, 1, h, w), at most 1."""
    cosine = sum(
        (n * towards[:, None, None] for n, towards in zip(normal, light.unbind(1), strict=True)),
        torch.zeros(()),
    )
    return (1 - SHADE * (1 - cosine) / 2)[:, None]


ADJECTIVES = {
    "brick wall": ["brick", "red brick"],
    "wooden planks": ["wooden", "wooden plank"],
    "marble": ["marble", "white marble"],
    "mosaic tiles": ["mosaic", "mosaic tile", "tiled"],
    "paint splatter": ["paint splattered", "painted"],
    "mossy stone": ["mossy stone", "mossy"],
    "fabric": ["fabric", "woven", "cloth"],
    "rust": ["rusty iron", "rusty", "rusty metal"],
    "stone": ["stone", "granite", "rock"],
    "leaves": ["leaf covered", "leafy"],
    "wood": ["wood", "carved wood"],
}
SUBSTANCES = NOUNS | {
    "fabric": ["fabric", "woven fabric", "cloth", "fabric texture", "a woven cloth"],
    "rust": ["rust", "rusty iron", "rusty metal", "rust texture", "old iron with rust"],
    "stone": ["stone", "granite", "rock", "stone texture", "grey stone"],
    "leaves": ["leaves", "fallen leaves", "foliage", "leaves texture", "many leaves"],
    "wood": ["wood grain", "carved wood", "solid wood", "wood grain texture", "a block of wood"],
}
THINGS = {
    "ball": ["ball", "sphere"],
    "ring": ["ring", "torus"],
    "box": ["box", "block"],
    "column": ["column", "cylinder"],
    "pebble": ["pebble", "egg"],
    "blob": ["blob", "lump"],
}
SIDES = ("front", "front-side", "side", "back-side", "back", "back-side", "side", "front-side")


def object_caption(objects: Objects, orbit: Orbit, index: int, generator: torch.Generator) -> str:
    """A caption of one solid: "a rusty iron ball, front view", or only its material.

    Args:
        index: which solid of the batch.
        generator: source of the wording (CPU); the same state gives the same caption.
    """
    dice = Dice(generator)
    material, shape = NAMES[int(objects.material[index])], SHAPES[int(objects.shape[index])]
    words = material if dice.chance(0.35) else dice.pick(SUBSTANCES[material])
    if dice.chance(0.5):
        words = thing(material, shape, dice)
    if dice.chance(0.15):
        words = f"{dice.pick(OPENERS[:-2])} {words}"
    if dice.chance(0.35):
        words = f"{words}, {side(orbit, index)}"
    return f"{words}, {dice.pick(ENDINGS)}" if dice.chance(0.1) else words


def thing(material: str, shape: str, dice: Dice) -> str:
    noun = dice.pick(THINGS[shape])
    if dice.chance(0.3):
        return f"a {noun} of {material}"
    adjective = dice.pick(ADJECTIVES[material])
    return f"{'an' if adjective[0] in 'aeiou' else 'a'} {adjective} {noun}"


def side(orbit: Orbit, index: int) -> str:
    """The words for a view that the tasks on surfaces append to their prompts."""
    if orbit.elevation[index] > 30:
        return "top view" if orbit.elevation[index] <= 60 else "overhead view"
    return f"{SIDES[int((float(orbit.azimuth[index]) % 360 + 22.5) // 45) % 8]} view"
