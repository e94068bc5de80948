"""Properties of the procedural world: determinism, ranges, seams, consistency, captions."""

import math

import pytest
import torch

from synclab import world
from synclab.core import geometry
from synclab.world.captions import is_unknown


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _scenes(kind: str, count: int = 2, time: str | None = None) -> world.Scenes:
    return world.sample_scenes(count, _seeded(3), kind=kind, time=time)


def _every_scene() -> world.Scenes:
    scenes = world.sample_scenes(len(world.KINDS) * len(world.TIMES), _seeded(1))
    index = torch.arange(len(scenes))
    scenes.kind[:] = index // len(world.TIMES)
    scenes.time[:] = index % len(world.TIMES)
    return scenes


def test_same_seed_gives_same_bits():
    pictures = []
    for _ in range(2):
        scenes = world.sample_scenes(16, _seeded(2))
        pictures.append(world.render_views(scenes, torch.zeros(16), torch.zeros(16), 32))
    assert torch.equal(pictures[0][0], pictures[1][0])
    assert torch.equal(pictures[0][1], pictures[1][1])


@pytest.mark.parametrize("elevation", [-60.0, 0.0, 90.0])
def test_every_kind_and_time_is_in_range(elevation: float):
    scenes = _every_scene()
    n = len(scenes)
    rgb, depth = world.render_views(scenes, torch.zeros(n), torch.full((n,), elevation), 24)
    assert rgb.shape == (n, 3, 24, 24) and rgb.dtype == torch.float32
    assert depth.shape == (n, 1, 24, 24)
    assert rgb.isfinite().all() and rgb.min() >= 0 and rgb.max() <= 1
    assert depth.isfinite().all() and depth.min() > 0 and depth.max() <= 1000


@pytest.mark.parametrize("kind", world.KINDS)
def test_panorama_closes_behind_the_camera(kind: str):
    rgb, _ = world.render_panorama(_scenes(kind, 4), 128, 256)
    steps = (rgb - rgb.roll(1, -1)).abs().mean((0, 1, 2))
    assert steps[0] <= 1.3 * steps.sort().values[-3] + 0.005


@pytest.mark.parametrize("kind", world.KINDS)
def test_view_equals_panorama_looked_up(kind: str):
    scenes, azimuth, elevation = _scenes(kind), torch.tensor([30.0, 170.0]), torch.zeros(2)
    view, _ = world.render_views(scenes, azimuth, elevation, 64)
    panorama, _ = world.render_panorama(scenes, 256, 512)
    rays = geometry.view_directions(64, 72.0, azimuth, elevation)
    column, row = geometry.equirect_position(rays, 256, 512)
    column, row = column.round().long() % 512, row.round().long()
    found = torch.stack([panorama[i][:, row[i], column[i]] for i in range(2)])
    assert (found - view).abs().mean() < 0.04


def test_scene_alone_equals_scene_in_batch():
    scenes = _every_scene()
    azimuth = torch.linspace(0, 350, len(scenes))
    level = torch.zeros(len(scenes))
    together, depth = world.render_views(scenes, azimuth, level, 24)
    for i in range(0, len(scenes), 3):
        one = slice(i, i + 1)
        alone, distance = world.render_views(scenes[one], azimuth[one], level[one], 24)
        assert (alone - together[one]).abs().mean() < 1e-4
        assert ((distance - depth[one]).abs() > 0.01).float().mean() < 0.01


def test_halving_the_footprint_keeps_the_mean_colour():
    scenes = _every_scene()
    level = torch.zeros(len(scenes))
    lon, lat = geometry.longitude_latitude(geometry.view_directions(32, 72.0, level, level))
    footprint = 2 * math.tan(math.radians(36)) / 32
    coarse, _ = world.render(scenes, lon, lat, footprint)
    fine, _ = world.render(scenes, lon, lat, footprint / 2)
    assert (coarse.mean((2, 3)) - fine.mean((2, 3))).abs().max() < 0.05


def test_caption_words_are_known_or_made_up():
    scenes, generator = world.sample_scenes(300, _seeded(4)), _seeded(5)
    known, strange = set(world.vocabulary()), 0
    assert len(known) <= 400 and world.vocabulary() == sorted(known)
    for i in range(300):
        text = world.caption(scenes, i, generator, pitch=float(i % 3 - 1) * 40)
        unknown = [w for w in text.replace(",", " ").split() if w not in known]
        assert all(is_unknown(word) for word in unknown), text
        strange += len(unknown)
    assert 0 < strange < 60


def test_indoor_captions_have_no_time():
    time_words = {"sunset", "night", "dawn", "dusk", "morning", "evening", "noon", "moon", "stars"}
    for kind in [*world.INDOOR, *world.TEXTURES]:
        scenes, generator = _scenes(kind, 40), _seeded(6)
        for i in range(40):
            words = set(world.caption(scenes, i, generator).replace(",", " ").split())
            assert not words & time_words


def test_steep_captions_name_the_direction():
    scenes, generator = _scenes("city", 20), _seeded(7)
    for i in range(20):
        up = world.caption(scenes, i, generator, pitch=40.0)
        assert any(
            phrase in up for phrase in ("looking up", "from below", "upward", "top", "above")
        )
        down = world.caption(scenes, i, generator, pitch=-40.0)
        assert any(
            phrase in down for phrase in ("looking down", "from above", "downward", "ground")
        )
