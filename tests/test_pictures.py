"""Picture files as people have them: what a viewer shows is what a run begins with."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import close
from PIL import Image
from torch import Tensor

from synclab.core import pictures
from synclab.core.pictures import Pixels, read, to_png
from synclab.errors import UserError
from synclab.store.folder import png_size
from synclab.tasks.hole import blocks_known, known_by_colour, known_by_mask
from synclab.tasks.inpainting import InpaintingTask
from synclab.tasks.picture import read_opaque, resize_known

SIZE = 32
HOLE = (slice(SIZE // 2, None), slice(None, SIZE // 2))
"""Rows and columns of the lower left quarter."""


@pytest.fixture
def save(tmp_path):
    """Saves a picture under a name and reads it back."""

    def call(image: Image.Image, name: str, **options: Any) -> Pixels:
        image.save(tmp_path / name, **options)
        return read(tmp_path / name, name)

    return call


def scene() -> np.ndarray:
    """Red grows downwards, green to the right: (SIZE, SIZE, 3) bytes, none of them black."""
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    return np.stack([40 + 6 * y, 40 + 6 * x, 0 * x + 90], -1).astype(np.uint8)


def scene_with_hole(colour: int = 0) -> np.ndarray:
    holed = scene()
    holed[HOLE] = colour
    return holed


def unit(image: np.ndarray) -> Tensor:
    return torch.from_numpy(image).permute(2, 0, 1).float() / 255


def hole() -> Tensor:
    mask = torch.zeros(1, SIZE, SIZE, dtype=torch.bool)
    mask[(slice(None), *HOLE)] = True
    return mask


# What a file shows


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_rotated_photo_is_read_upright(save, orientation):
    """`stored` is what a camera writes for each tag, after the EXIF standard."""
    upright = Image.fromarray(scene())
    turns = Image.Transpose
    stored = {
        2: turns.FLIP_LEFT_RIGHT, 3: turns.ROTATE_180, 4: turns.FLIP_TOP_BOTTOM,
        5: turns.TRANSPOSE, 6: turns.ROTATE_90, 7: turns.TRANSVERSE, 8: turns.ROTATE_270,
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = upright.transpose(stored[orientation]) if orientation > 1 else upright
    close(save(image, "a.png", exif=exif).colour, unit(scene()), 0)


@pytest.mark.parametrize("beneath", [0, 128, 255])
def test_transparent_pixels_are_unknown_whatever_lies_beneath(save, beneath):
    alpha = np.where(hole()[0], 0, 255).astype(np.uint8)
    pixels = save(Image.fromarray(np.dstack([scene_with_hole(beneath), alpha])), "a.png")
    assert (pixels.known == ~hole()).all()
    assert (pixels.colour[:, HOLE[0], HOLE[1]] == 0).all()
    close(pixels.colour * pixels.known, unit(scene()) * pixels.known, 0)


def test_half_transparent_pixels_are_unknown(save):
    alpha = np.full((SIZE, SIZE), 254, np.uint8)
    assert not save(Image.fromarray(np.dstack([scene(), alpha])), "a.png").known.any()


def test_a_transparent_palette_entry_is_unknown(save):
    image = Image.fromarray(scene_with_hole(255)).quantize(64)
    index = image.getpixel((2, SIZE - 2))
    pixels = save(image, "a.png", transparency=index)
    assert (pixels.known == ~hole()).all()


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_transparent_colour_is_unknown(save, mode):
    image = Image.fromarray(scene_with_hole(255)).convert(mode)
    white = (255, 255, 255) if mode == "RGB" else 255
    assert (save(image, "a.png", transparency=white).known == ~hole()).all()


def test_a_transparent_lossless_webp_is_unknown_there(save):
    alpha = np.where(hole()[0], 0, 255).astype(np.uint8)
    image = Image.fromarray(np.dstack([scene(), alpha]))
    pixels = save(image, "a.webp", lossless=True)
    assert (pixels.known == ~hole()).all()
    assert not pixels.lossy


@pytest.mark.parametrize(
    ("name", "scale", "kind"), [("a.png", 65535, np.uint16), ("a.tiff", 1, np.float32)]
)
def test_deep_greys_are_scaled_by_their_depth(save, name, scale, kind):
    grey = np.linspace(0, 1, SIZE * SIZE).reshape(SIZE, SIZE)
    pixels = save(Image.fromarray((grey * scale).astype(kind)), name)
    close(pixels.colour, torch.from_numpy(grey).float().expand(3, -1, -1), 1e-4)


@pytest.mark.parametrize("worst", [1.5, -0.1, np.nan, np.inf])
def test_floats_without_a_known_range_are_refused(save, worst):
    grey = np.full((SIZE, SIZE), 0.5, np.float32)
    grey[0, 0] = worst
    with pytest.raises(UserError, match=r"a\.tiff: greys from .*expected 0 to 1 "):
        save(Image.fromarray(grey), "a.tiff")


def test_inks_and_single_bits_are_colours(save):
    bits = np.zeros((SIZE, SIZE), bool)
    bits[:, 8:] = True
    close(save(Image.fromarray(bits), "a.png").colour[0], torch.from_numpy(bits).float(), 0)
    inks = save(Image.fromarray(scene()).convert("CMYK"), "a.jpg", quality=100)
    assert (inks.colour - unit(scene())).abs().mean() < 0.02


def test_of_an_animation_the_first_frame_is_read(save):
    first, other = Image.fromarray(scene()), Image.fromarray(scene() * 0)
    pixels = save(first, "a.png", save_all=True, append_images=[other])
    close(pixels.colour, unit(scene()), 0)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(UserError, match=r"key=a\.png: cannot be read .*expected a PNG or JPEG"):
        read(tmp_path / "a.png", "key=a.png")


def test_half_a_file_is_refused(tmp_path):
    whole = to_png(torch.rand(3, 64, 64))
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="cannot be read"):
        read(tmp_path / "a.png", "a.png")


def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path):
    """A header of a billion pixels; decoding would find that they are missing."""
    png = bytearray(to_png(torch.zeros(3, 1, 1)))
    png[16:24] = struct.pack(">II", 32768, 32768)
    png[29:33] = struct.pack(">I", zlib.crc32(png[12:29]))
    (tmp_path / "a.png").write_bytes(png)
    with pytest.raises(UserError, match=r"a\.png: .*expected at most 134217728"):
        read(tmp_path / "a.png", "a.png")


def test_a_large_picture_is_refused_with_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "LARGEST", 100)
    Image.new("RGB", (11, 10)).save(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"a\.png: 11 x 10 pixels; expected at most 100"):
        read(tmp_path / "a.png", "a.png")


def test_a_png_knows_its_size():
    assert png_size(to_png(torch.zeros(3, 7, 12))) == [12, 7]


# The hole


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tiff", "a.gif"])
def test_black_is_unknown_in_a_lossless_file(save, name):
    pixels = save(Image.fromarray(scene_with_hole()), name)
    assert (known_by_colour(pixels) == ~hole()).all()


@pytest.mark.parametrize("quality", [60, 75, 90, 98])
@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_no_pixel_of_a_lossy_files_hole_is_known_nor_its_rim(save, name, quality):
    bright = np.full((SIZE, SIZE, 3), (200, 180, 160), np.uint8)
    bright[HOLE] = 0
    pixels = save(Image.fromarray(bright), name, quality=quality)
    known = known_by_colour(pixels)
    assert pixels.lossy
    assert not (known & hole()).any()
    target = torch.tensor([200, 180, 160])[:, None, None] / 255
    assert ((pixels.colour - target).abs() * known).max() < 40 / 255
    assert known.float().mean() > 0.5


def test_dark_specks_of_a_lossy_file_are_known(save):
    speck = scene() + 60
    speck[10, 10] = 0
    assert known_by_colour(save(Image.fromarray(speck), "a.jpg", quality=98)).all()


@pytest.mark.parametrize("size", [128, 300, 512, 64, 1000])
def test_resizing_never_mixes_the_hole_into_what_is_known(size):
    box = slice(round(0.251 * size), round(0.757 * size))
    colour = torch.tensor([0.8, 0.7, 0.6])[:, None, None].expand(-1, size, size).clone()
    known = torch.ones(1, size, size, dtype=torch.bool)
    known[:, box, box] = False
    small, seen = resize_known(colour * known, known, 128, 128)
    assert ((small - colour[:, :1, :1]).abs() * seen).max() < 1e-4
    area = (known.float().mean() * 128 * 128).item()
    assert abs(seen.sum().item() - area) < 2 * 128


def test_what_fits_is_not_resized():
    colour, known = torch.rand(3, 16, 16), torch.rand(1, 16, 16) > 0.5
    small, seen = resize_known(colour * known, known, 16, 16)
    assert (seen == known).all()
    close(small, colour * known, 0)


def test_a_latent_cell_is_known_only_where_all_its_pixels_are():
    known = torch.ones(1, 16, 16, dtype=torch.bool)
    known[0, 3, 12] = False
    cells = blocks_known(known, 4)
    assert (~cells).nonzero().tolist() == [[0, 0, 3]]


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_white_of_a_mask_is_unknown(save, name):
    mask = save(Image.fromarray(np.where(hole()[0], 255, 0).astype(np.uint8)), name)
    assert (known_by_mask(mask, (SIZE, SIZE), "m") == ~hole()).all()


def test_a_transparent_mask_is_unknown_where_it_is_transparent(save):
    alpha = np.where(hole()[0], 0, 255).astype(np.uint8)
    white = np.full((SIZE, SIZE, 3), 255, np.uint8)
    mask = save(Image.fromarray(np.dstack([white, alpha])), "a.png")
    assert (known_by_mask(mask, (SIZE, SIZE), "m") == ~hole()).all()


def test_a_mask_of_another_size_is_refused(save):
    mask = save(Image.new("L", (SIZE, SIZE)), "a.png")
    with pytest.raises(UserError, match="task.mask=m: 32 x 32 pixels; expected .* 64 x 32"):
        known_by_mask(mask, (64, 32), "task.mask=m")


def test_with_a_mask_black_is_a_colour(tmp_path):
    """The picture's own black is known, its transparent pixels are not."""
    alpha = np.full((SIZE, SIZE), 255, np.uint8)
    alpha[0, 0] = 0
    Image.fromarray(np.dstack([scene_with_hole(), alpha])).save(tmp_path / "a.png")
    Image.new("L", (SIZE, SIZE)).save(tmp_path / "m.png")
    task = InpaintingTask(picture=str(tmp_path / "a.png"), mask=str(tmp_path / "m.png"))
    colour, seen = task.measure(SIZE)
    assert (~seen).nonzero().tolist() == [[0, 0, 0]]
    assert (colour[:, HOLE[0], HOLE[1]] == 0).all()


def test_a_missing_mask_is_named():
    with pytest.raises(UserError, match=r"task\.mask=nowhere\.png: no such file"):
        InpaintingTask(mask="nowhere.png")


def test_a_picture_that_would_be_squeezed_is_refused(tmp_path):
    Image.new("RGB", (64, 48), "white").save(tmp_path / "a.png")
    task = InpaintingTask(picture=str(tmp_path / "a.png"))
    with pytest.raises(UserError, match="64 x 48 pixels; expected .*ratio of 32 x 32; crop"):
        task.measure(32)
    with pytest.raises(UserError, match="64 x 48 pixels; expected .*ratio of 64 x 32; crop"):
        read_opaque(str(tmp_path / "a.png"), "task.start", 32, 64)


def test_a_transparent_panorama_is_no_start(tmp_path):
    Image.new("RGBA", (64, 32)).save(tmp_path / "a.png")
    with pytest.raises(UserError, match="task.start=.*has transparent pixels"):
        read_opaque(str(Path(tmp_path / "a.png")), "task.start", 32, 64)
