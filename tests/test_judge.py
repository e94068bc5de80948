"""The judge: shapes, independence of batch and size, and whether it knows the world."""

import pytest
import torch

from synclab import world
from synclab.errors import UserError
from synclab.judges.classifier import Judge, verdicts

EACH = 4  # views of every biome


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge.load()


def _noise(count: int, height: int = 64, width: int = 64) -> torch.Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(0))


def test_output_shapes(judge: Judge):
    kind, time = judge(_noise(3))
    assert kind.shape == (3, len(world.KINDS)) and time.shape == (3, len(world.TIMES))
    features = judge.features(_noise(3))
    assert features.shape[0] == 3 and features.ndim == 2
    assert features.dtype == torch.float32


def test_small_enough_to_commit():
    assert sum(parameter.numel() for parameter in Judge().parameters()) <= 600_000


def test_batch_size_does_not_matter(judge: Judge):
    images = _noise(5)
    together = judge.features(images)
    alone = torch.cat([judge.features(image[None]) for image in images])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [(128, 128), (40, 40), (96, 200), (1, 1)])
def test_any_size(judge: Judge, size: tuple[int, int]):
    kind, time = judge(_noise(2, *size))
    assert kind.isfinite().all() and time.isfinite().all()


def test_larger_picture_of_equal_blocks_is_judged_the_same(judge: Judge):
    small = _noise(2)
    large = small.repeat_interleave(2, -1).repeat_interleave(2, -2)
    torch.testing.assert_close(judge.features(small), judge.features(large), rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def fresh() -> tuple[world.Scenes, torch.Tensor]:
    generator = torch.Generator().manual_seed(99)
    scenes = world.sample_scenes(EACH * len(world.BIOMES), generator)
    scenes.kind[:] = torch.arange(len(scenes)) // EACH
    scenes.time[:] = torch.arange(len(scenes)) % EACH
    azimuth = torch.rand(len(scenes), generator=generator) * 360
    return scenes, world.render_views(scenes, azimuth, torch.zeros(len(scenes)), 128)[0]


def test_knows_every_biome(judge: Judge, fresh: tuple[world.Scenes, torch.Tensor]):
    scenes, images = fresh
    kind, _ = verdicts(judge, images)
    assert (kind == scenes.kind).float().mean() >= 0.9


def test_knows_the_time_outdoors(judge: Judge, fresh: tuple[world.Scenes, torch.Tensor]):
    scenes, images = fresh
    _, time = verdicts(judge, images)
    outdoor = torch.tensor([world.KINDS[kind] in world.OUTDOOR for kind in scenes.kind])
    assert (time == scenes.time)[outdoor].float().mean() >= 0.9


def test_bytes_are_judged_like_numbers(judge: Judge):
    images = (_noise(4) * 255).round().byte()
    for as_bytes, as_numbers in zip(
        verdicts(judge, images), verdicts(judge, images.float() / 255), strict=True
    ):
        assert torch.equal(as_bytes, as_numbers)


def test_saved_judge_comes_back(judge: Judge, tmp_path):
    judge.save(tmp_path)
    torch.testing.assert_close(
        Judge.load(tmp_path).features(_noise(2)), judge.features(_noise(2)), rtol=0, atol=0
    )


def test_missing_weights_give_one_clear_line(tmp_path):
    with pytest.raises(UserError) as raised:
        Judge.load(tmp_path)
    message = str(raised.value)
    assert "\n" not in message and str(tmp_path) in message and "model.safetensors" in message
