"""Properties of the world's solids: where rays meet them, what they look like, their captions."""

import math
from dataclasses import replace

import pytest
import torch

from synclab.core import geometry
from synclab.world import Orbit, object_caption, render_objects, sample_objects
from synclab.world.materials import MATERIALS
from synclab.world.objects import NAMES, SHAPES
from synclab.world.solids import SOLIDS, trace


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _orbit(count: int) -> Orbit:
    return Orbit(torch.linspace(0, 300, count), torch.linspace(-40, 70, count), 60.0, 2.1)


def _round(count: int) -> torch.Tensor:
    """Proportions of a ball without bumps."""
    return torch.zeros(count, 6)


def test_the_same_seed_gives_the_same_bits():
    first, second = (
        render_objects(sample_objects(12, _seeded(1)), _orbit(12), 24) for _ in range(2)
    )
    assert torch.equal(first.rgb, second.rgb) and torch.equal(first.depth, second.depth)


def test_rays_meet_a_sphere_where_they_should():
    rays = geometry.view_directions(32, 60.0, torch.zeros(1), torch.zeros(1)).float()
    met = trace(SOLIDS["ball"], _round(1), torch.tensor([[0.0, 0.0, 2.1]]), rays)
    ahead = -2.1 * rays[..., 2]
    miss = 2.1**2 - ahead.square()
    clear = (miss - 1).abs() > 0.03  # a ray that grazes it may count either way
    assert torch.equal(met.hit[clear], (miss < 1)[clear])
    exact = ahead - (1 - miss).clamp_min(0).sqrt()
    inside = met.hit & (miss < 0.9)
    assert (met.travelled - exact)[inside].abs().max() < 2e-3
    normal = torch.stack(met.normal, -1)
    assert ((normal - torch.stack(met.point, -1)).norm(dim=-1)[inside]).max() < 0.02


@pytest.mark.parametrize("shape", SHAPES)
def test_a_solid_fits_into_the_unit_sphere_and_a_fitted_view(shape: str):
    pictures = render_objects(sample_objects(8, _seeded(2), shape=shape), _orbit(8), 32)
    seen = pictures.cover.bool()
    assert (pictures.cover.mean((1, 2, 3)) > 0.05).all()
    assert pictures.depth[seen].min() > 1.0 and pictures.depth[seen].max() < 3.2
    rim = pictures.cover[..., 0].sum() + pictures.cover[..., -1].sum()
    assert rim + pictures.cover[..., 0, :].sum() + pictures.cover[..., -1, :].sum() == 0


@pytest.mark.parametrize("material", NAMES)
def test_a_material_has_detail_and_stays_in_range(material: str):
    pictures = render_objects(
        sample_objects(4, _seeded(3), material=material, shape="ball"), _orbit(4), 48
    )
    assert pictures.rgb.isfinite().all() and pictures.rgb.min() >= 0 and pictures.rgb.max() <= 1
    for rgb, cover in zip(pictures.rgb, pictures.cover, strict=True):
        assert rgb[:, cover[0].bool()].std(1).mean() > 0.02


def test_walking_around_a_solid_equals_turning_it():
    """Colours then differ by the light alone, which stays where it is."""
    objects, quarter = sample_objects(1, _seeded(4), material="fabric", shape="blob"), math.pi / 4
    w, x, y, z = objects.turn[0].tolist()
    c, s = math.cos(quarter), -math.sin(quarter)  # a quarter turn about +y, backwards
    turned = torch.tensor([[c * w - s * y, c * x + s * z, c * y + s * w, c * z - s * x]])
    level = torch.zeros(1)
    walked = render_objects(objects, Orbit(level + 90, level, 60.0, 2.1), 48)
    stayed = render_objects(replace(objects, turn=turned), Orbit(level, level, 60.0, 2.1), 48)
    assert (walked.cover - stayed.cover).abs().mean() < 0.01
    both = (walked.cover * stayed.cover).bool()[0, 0]
    assert (walked.depth - stayed.depth)[0, 0, both].abs().median() < 1e-3
    ratio = (walked.rgb / stayed.rgb)[0, :, both]
    assert ratio.median(1).values.std() < 0.02
    assert ((ratio > 0.75) & (ratio < 1.34)).float().mean() > 0.95


def test_beside_a_solid_is_its_plain_backdrop():
    objects = sample_objects(6, _seeded(5))
    pictures = render_objects(objects, _orbit(6), 24)
    corner = pictures.rgb[:, :, 0, 0]
    assert torch.equal(corner, objects.backdrop)


def test_a_solid_alone_equals_it_in_a_batch():
    objects, orbit = sample_objects(12, _seeded(6)), _orbit(12)
    together = render_objects(objects, orbit, 24)
    for i in range(0, 12, 4):
        one = Orbit(orbit.azimuth[i : i + 1], orbit.elevation[i : i + 1], orbit.fov, orbit.distance)
        alone = render_objects(objects[[i]], one, 24)
        assert (alone.rgb[0] - together.rgb[i]).abs().mean() < 1e-3


def test_captions_name_the_material_and_the_side_that_is_seen():
    objects = sample_objects(40, _seeded(7), material="rust", shape="ball")
    orbit = Orbit(torch.full((40,), 180.0), torch.zeros(40), 60.0, 2.1)
    captions = [object_caption(objects, orbit, i, _seeded(i)) for i in range(40)]
    assert all("rust" in text or "iron" in text or "metal" in text for text in captions)
    sides = [text for text in captions if text.endswith(" view")]
    assert sides and all(text.endswith("back view") for text in sides)


def test_every_material_is_drawn():
    drawn = sample_objects(400, _seeded(8))
    assert len(drawn.material.unique()) == len(MATERIALS)
    assert len(drawn.shape.unique()) == len(SOLIDS)
