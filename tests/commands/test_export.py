"""`synclab export`: what other programs and people get of a finished surface."""

import sys
import zipfile
from pathlib import Path
from typing import Any
from unittest import mock

import imageio_ffmpeg
import numpy as np
import pytest
import torch
import trimesh
from conftest import close
from PIL import Image, ImageSequence

from synclab import export
from synclab.core.video import to_gif
from synclab.spaces.solids import bumpy_sphere
from synclab.spaces.splatting.cloud import bumpy_cloud
from synclab.store.folder import foreign
from synclab.tasks.mesh_file import read_mesh, read_texture, to_glb
from synclab.tasks.ply import read_colours, to_ply


def command(*words: str) -> int:
    with mock.patch.object(sys, "argv", ["synclab export", *words]):
        return export.main()


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A red mesh and blue Gaussians."""
    red, blue = torch.eye(3)[[0, 2]]
    texture = red[:, None, None].expand(3, 32, 32)
    (tmp_path / "ball.glb").write_bytes(to_glb(bumpy_sphere(8), texture))
    (tmp_path / "cloud.ply").write_bytes(to_ply(bumpy_cloud(200), blue.expand(200, 3)))
    return tmp_path


def test_an_obj_has_the_meshs_vertices_faces_and_texture_at_full_brightness(finished):
    assert command(str(finished), "--obj") == 0
    with zipfile.ZipFile(finished / "ball.obj.zip") as archive:
        assert sorted(archive.namelist()) == ["ball.mtl", "ball.obj", "ball.png"]
        assert "Kd 1.00000000 1.00000000 1.00000000" in archive.read("ball.mtl").decode()
        archive.extractall(finished / "out")
    before, after = bumpy_sphere(8), read_mesh(finished / "out" / "ball.obj")
    close(after.vertices.double(), before.vertices.double(), 1e-6)
    close(after.uv, before.uv.double(), 1e-6)
    assert torch.equal(after.faces, before.faces)
    picture = np.array(Image.open(finished / "out" / "ball.png").convert("RGB"))
    assert (picture == [255, 0, 0]).all()


def test_a_gif_turns_once_around_each_object_on_white(finished):
    assert command(str(finished), "--gif", "--frames", "4", "--pixels", "32") == 0
    for name, channel in (("ball", 0), ("cloud", 2)):
        gif = Image.open(finished / f"{name}.gif")
        assert (len(list(ImageSequence.Iterator(gif))), gif.size, gif.info["loop"]) == (
            4,
            (32, 32),
            0,
        )
        gif.seek(0)
        frame = np.array(gif.convert("RGB")).astype(int)
        assert (frame[0, 0] == 255).all() and frame[16, 16, channel] > 240
        assert np.delete(frame[16, 16], channel).max() < 30


def video(path: Path) -> tuple[dict[str, Any], np.ndarray]:
    """What an MP4 says of itself, and its frames (n, h, w, 3)."""
    reader = imageio_ffmpeg.read_frames(str(path))
    about = next(reader)
    width, height = about["size"]
    return about, np.stack([np.frombuffer(f, np.uint8).reshape(height, width, 3) for f in reader])


def test_an_mp4_turns_once_around_each_object_on_white(finished):
    assert command(str(finished), "--mp4", "--frames", "8", "--pixels", "33") == 0
    about, frames = video(finished / "ball.mp4")
    assert about["duration"] == pytest.approx(4) and frames.shape == (8, 34, 34, 3)
    assert frames[:, 0, 0].min() > 240
    assert frames[:, 16, 16, 0].min() > 220 and frames[:, 16, 16, 1:].max() < 40


def test_a_gif_of_a_task_becomes_an_mp4_of_the_same_pictures(tmp_path):
    shades = [40, 120, 200]
    frames = [Image.new("RGB", (16, 16), (shade,) * 3) for shade in shades]
    (tmp_path / "zoom.gif").write_bytes(to_gif(frames, 0.25))
    assert command(str(tmp_path), "--mp4") == 0
    about, seen = video(tmp_path / "zoom.mp4")
    assert about["fps"] == pytest.approx(4)
    assert np.abs(seen.mean((1, 2, 3)) - shades).max() < 5


def test_exports_belong_to_their_sample(finished):
    for ending in (".glb", ".ply"):
        (file,) = finished.glob(f"*{ending}")
        file.rename(finished / f"name-s0{ending}")
    command(str(finished), "--obj", "--gif", "--mp4", "--frames", "1", "--pixels", "16")
    assert len(list(finished.iterdir())) == 5 and not foreign(finished)


def test_colours_are_read_as_they_were_written(finished):
    close(read_texture(finished / "ball.glb")[:, 0, 0], torch.tensor([1.0, 0, 0]), 0)
    close(read_colours(finished / "cloud.ply")[0], torch.tensor([0, 0, 1.0]), 1e-6)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["FOLDER"], "nothing to write; add --obj, --gif or --mp4"),
        (["FOLDER/none", "--obj"], "none: nothing to convert there"),
        (["FOLDER/plain.glb", "--obj"], "plain.glb: has no texture"),
        (["FOLDER", "--gif", "--frames", "0"], "--frames 0: expected at least 1"),
        (["FOLDER", "--gif", "--pixels", "1"], "--pixels 1: expected at least 16"),
    ],
)
def test_what_cannot_be_converted_is_one_line(words, line, finished, capsys):
    trimesh.creation.box().export(finished / "plain.glb")
    assert command(*(word.replace("FOLDER", str(finished)) for word in words)) == 1
    error = capsys.readouterr().err
    assert line in error and error.count("\n") == 1
