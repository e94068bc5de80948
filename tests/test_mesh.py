"""Textures of meshes: rasterisers, round trips, occlusion, charts, files in and out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import trimesh
from conftest import close, last, prior_of, streams
from torch import Tensor
from trimesh.visual.texture import TextureVisuals

from synclab.core.protocols import Sample
from synclab.core.schedule import Schedule
from synclab.core.sync import gather
from synclab.errors import UserError
from synclab.methods.stochsync import StochSync
from synclab.methods.stochsync_ablation import AblatedStochSync
from synclab.priors.exact import Gaussian
from synclab.spaces.mesh import Mesh
from synclab.spaces.mesh_maps import MeshMaps
from synclab.spaces.mesh_model import MeshModel
from synclab.spaces.pose_sets import POSE_SETS
from synclab.spaces.raster.camera import Camera
from synclab.spaces.raster.choice import choose
from synclab.spaces.raster.rasterizer import Hits
from synclab.spaces.rig import Rig
from synclab.spaces.solids import bumpy_sphere, grid_faces
from synclab.tasks.mesh import MeshTask
from synclab.tasks.mesh_file import read_mesh, to_glb
from synclab.tasks.view_prompts import WORDS

POSES = POSE_SETS["stochsync"]
BAG = Path(__file__).resolve().parents[2] / "shared" / "data" / "mesh" / "clutch_bag.obj"
BACKENDS = ("embree", "torch")


def mesh(model: MeshModel, texture: int = 256, size: int = 64, **changes: Any) -> Mesh:
    maps = MeshMaps(model, texture, Rig(size), changes.pop("raster", "auto"))
    shape: dict[str, Any] = {"channels": 3, "height": texture, "width": texture}
    return Mesh(**shape, view_size=size, maps=maps, sets=POSES, **changes)


@pytest.fixture(scope="module")
def bumpy() -> Mesh:
    return mesh(bumpy_sphere(32))


def painted(space: Mesh, waves: float) -> Tensor:
    """A texture that is a function of the place in space."""
    charts, z = space.maps.charts, torch.zeros(3, space.height * space.width)
    place = charts.position.float().T
    z[:, charts.texel] = 0.5 + 0.3 * (waves * place).sin() * (waves * place.roll(1, 0)).cos()
    return z[:, charts.owner].view(space.shape)


def psnr(ours: Tensor, theirs: Tensor) -> float:
    return float(-10 * (ours - theirs).square().mean().log10())


def test_a_view_of_noise_shows_the_noise_of_different_texels_also_beside_the_object(bumpy):
    texels = torch.arange(float(bumpy.height * bumpy.width)).view(1, *bumpy.shape[1:])
    seen = bumpy.project_noise(texels.expand(bumpy.shape), POSES[0])[:, 0]
    assert torch.equal(seen, seen.round())
    assert all(len(view.unique()) > 0.9 * view.numel() for view in seen)


# ------------------------------------------------------------------------------------ rasterisers


def dense(hits: Hits, values: Tensor, size: int) -> Tensor:
    image = torch.full((size * size, *values.shape[1:]), -1.0, dtype=torch.float64)
    image[hits.pixel] = values.double()
    return image


def test_embree_and_torch_see_the_same():
    model, camera = bumpy_sphere(24), Camera(30.0, 20.0, 2.5, 60.0, 96)
    looks = [choose(name, model.fitted, model.faces).look(camera) for name in BACKENDS]
    faces = [dense(hits, hits.face, camera.size) for hits in looks]
    depths = [dense(hits, hits.depth, camera.size) for hits in looks]
    assert (faces[0] == faces[1]).double().mean() > 0.999
    close(depths[0], depths[1], 1e-3)


@pytest.mark.parametrize("name", BACKENDS)
def test_a_sphere_is_seen_where_it_is(name):
    ball, size = trimesh.creation.icosphere(subdivisions=5), 64
    camera = Camera(-40.0, 25.0, 3.0, 50.0, size)
    vertices, faces = torch.tensor(ball.vertices), torch.tensor(ball.faces)
    hits = choose(name, vertices, faces).look(camera)
    rays = camera.rays().view(-1, 3)
    along = -(rays @ camera.position) / rays.square().sum(1)
    inside = along.square() - (camera.position.square().sum() - 1) / rays.square().sum(1)
    depth = along - inside.clamp_min(0).sqrt()
    assert len(hits.pixel) == pytest.approx(int((inside > 0).sum()), abs=4)
    assert (hits.depth - depth[hits.pixel]).abs().median() < 1e-3
    assert hits.pixel.unique().numel() == len(hits.pixel)


def test_positive_azimuths_go_right_and_elevations_up():
    close(Camera(90.0, 0.0, 2.0, 60.0, 8).position, torch.tensor([2.0, 0, 0]).double(), 1e-12)
    assert Camera(0.0, 30.0, 2.0, 60.0, 8).position[1] == pytest.approx(1.0)
    points = torch.tensor([[0.1, 0.0, 0.0], [0.0, 0.1, 0.0]], dtype=torch.float64)
    at, depth = Camera(0.0, 0.0, 2.0, 60.0, 9).pixels(points)
    assert at[0, 0] > 4 and at[1, 1] < 4 and depth[0] == pytest.approx(2.0)


def two_sheets() -> MeshModel:
    """A square before a larger one, both facing +z, each with its half of the texture."""
    corner = torch.tensor([[-1.0, 1], [1, 1], [-1, -1], [1, -1]], dtype=torch.float64)
    front = torch.cat([0.5 * corner, torch.full((4, 1), 0.3)], 1)
    back = torch.cat([corner, torch.full((4, 1), -0.3)], 1)
    uv = (corner + 1) / 2 * torch.tensor([0.48, 1.0])
    faces = grid_faces(1, 1)
    return MeshModel(
        torch.cat([front, back]),
        torch.cat([faces, faces + 4]),
        torch.cat([uv, uv + torch.tensor([0.52, 0.0])]).double(),
    )


@pytest.mark.parametrize("name", BACKENDS)
def test_a_face_behind_another_gets_nothing(name):
    space = mesh(two_sheets(), texture=64, raster=name)
    _, weight = space.scatter(torch.ones(1, 3, 64, 64), ((0.0, 0.0),))
    front, back = weight[0, :, :30], weight[0, :, 34:]
    assert (front > 0).all()
    assert (back[26:38, 13:18] == 0).all()
    assert (back[:4] > 0).all() and (back[-4:] > 0).all()


# ------------------------------------------------------------------------------------ round trips


@pytest.mark.parametrize(("waves", "bar"), [(3.0, 53.0), (12.0, 31.0)])
def test_views_come_back_after_gathering(bumpy, waves, bar):
    z, views = painted(bumpy, waves), bumpy.all_views()
    seen = bumpy.project(z, views)
    assert psnr(bumpy.project(gather(bumpy, seen, views), views), seen) > bar


def test_one_step_writes_every_texel_that_it_sees(bumpy):
    y = torch.ones(4, 3, 64, 64)
    z = gather(bumpy, y, POSES[0])
    close(z, torch.ones_like(z), 1e-5)
    assert bumpy.maps.seen(POSES[0]).float().mean() > 0.3


def test_a_constant_survives_everywhere(bumpy):
    z = torch.full(bumpy.shape, 0.7)
    cover = bumpy.cover(POSES[0])
    close(bumpy.project(z, POSES[0]), (0.7 * cover).expand(-1, 3, -1, -1), 1e-6)
    again = gather(bumpy, bumpy.project(z, POSES[0]), POSES[0], old=z)
    close(again, z, 1e-5)


def test_the_adjoint_is_the_transpose(bumpy):
    views = POSES[0][:2]
    z = torch.rand(bumpy.shape, dtype=torch.float64, requires_grad=True)
    y = torch.rand(2, 3, 64, 64, dtype=torch.float64)
    value = (bumpy.project(z, views) * y).sum()
    (transposed,) = torch.autograd.grad(value, z)
    product = float((transposed * z.detach()).sum())
    assert product == pytest.approx(float(value.detach()), rel=1e-6)


def test_texels_seen_aslant_keep_their_colour(bumpy):
    old = torch.zeros(bumpy.shape)
    z = gather(bumpy, torch.ones(4, 3, 64, 64), POSES[1], old=old)
    trust, seen = bumpy.trust(POSES[1]), bumpy.maps.seen(POSES[1])
    close(z[0][seen], trust[seen], 1e-5)
    assert (trust[seen] < 0.5).any() and (trust[seen] == 1).any()


def test_background_lies_beside_the_object():
    space = mesh(bumpy_sphere(16), texture=64, size=32, background=0.25)
    seen, cover = space.project(torch.ones(space.shape), POSES[0]), space.cover(POSES[0])
    close(seen, (cover + 0.25 * (1 - cover)).expand_as(seen), 1e-6)


def test_the_best_view_alone_colours_a_texel(bumpy):
    views = POSES[0]
    own = replace(bumpy, gather="best")
    y = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 64, 64)
    z = gather(own, y, views, old=torch.full(own.shape, -1.0))
    total, weight = own.scatter(y, views)
    colours = (total / weight.clamp_min(1e-9))[:, weight[0] > 0]
    close(colours, colours.round(), 1e-4)  # no mixtures of views
    for number, view in enumerate(views):
        texel = own.maps.pose(view).texel
        best = own.maps.pose(view).weight >= own.maps.best(views).flatten()[texel]
        found = (total / weight.clamp_min(1e-9))[0].flatten()[texel[best]]
        close(found, torch.full_like(found, float(number)), 1e-4)
    assert (z[:, weight[0] == 0] == -1).all()


def test_views_keep_their_own_state_beside_the_object(bumpy):
    views = POSES[0]
    own, seen = torch.zeros(4, 3, 64, 64), torch.ones(4, 3, 64, 64)
    close(bumpy.overlay(own, seen, views), bumpy.cover(views).expand(4, 3, 64, 64), 1e-6)


@pytest.mark.parametrize("method", [StochSync, AblatedStochSync])
def test_stochsync_puts_a_plain_background_behind_each_view_once(bumpy, monkeypatch, method):
    """From then on a view keeps what it last drew beside the object."""
    grey, plain = replace(bumpy, background=0.5), []

    def renoise(self: StochSync, schedule: Schedule, x0: Tensor, eps: Tensor, t: int) -> Tensor:
        views = POSES[(len(plain) + 1) % len(POSES)]
        beside = (grey.cover(views) == 0).expand_as(x0)
        plain.append(float((x0[beside] == 0.5).double().mean()))
        return schedule.noise(x0, eps, t)

    monkeypatch.setattr(StochSync, "renoise", renoise)
    last(method(steps=9, ode_steps=2, seam_steps=0), prior_of(grey), grey)
    assert plain == [1, 1, 1, 0, 0, 0, 0, 0]


def test_poses_of_a_step_begin_at_the_front():
    assert POSES[0][1] == (0.0, -15.0)  # azimuth 90 in StochSync's code, where it says "front view"


@pytest.mark.parametrize(
    ("words", "view", "word"),
    [
        ("stochsync", (0.0, 0.0), "front view"),
        ("stochsync", (45.0, 30.0), "front-side view"),
        ("stochsync", (90.0, 0.0), "side view"),
        ("stochsync", (135.0, 0.0), "back-side view"),
        ("stochsync", (180.0, -15.0), "back view"),
        ("stochsync", (225.0, 0.0), "back-side view"),
        ("stochsync", (270.0, 0.0), "side view"),
        ("stochsync", (315.0, 0.0), "front-side view"),
        ("stochsync", (338.0, 0.0), "front view"),
        ("stochsync", (0.0, 61.0), "overhead view"),
        ("synctweedies", (-30.0, 30.0), "front view"),
        ("synctweedies", (45.0, 0.0), "side view"),
        ("synctweedies", (-135.0, 0.0), "back view"),
        ("synctweedies", (240.0, 0.0), "back view"),
        ("synctweedies", (0.0, 31.0), "top view"),
    ],
)
def test_views_are_named_as_in_the_papers(words, view, word):
    assert WORDS[words](view) == word


def test_a_view_prompt_is_the_prompt_and_its_word():
    class Spy(Gaussian):
        def embed(self, prompt):
            said.append(prompt)
            return super().embed(prompt)

    said: list[str] = []
    task = MeshTask(texture=16, view_prompts="synctweedies")
    task.condition(Spy((3, 16, 16)), Sample("", "a bag", 0)).at(
        ((0.0, 0.0), (90.0, 0.0), (0.0, 5.0))
    )
    assert said == ["a bag, front view", "a bag, side view"]


def test_a_view_owns_the_middle_of_what_it_shows_best(bumpy):
    inwardness = bumpy.inwardness(POSES[0])
    assert inwardness.shape == (4, 1, 64, 64)
    assert (inwardness[:, 0, 0, 0] == 1).all() and (inwardness[:, 0, 32, 32] > 0.5).all()
    assert inwardness.min() == 0


def test_a_pose_is_looked_at_once(bumpy):
    assert bumpy.maps.pose(POSES[0][0]) is bumpy.maps.pose(POSES[0][0])


def test_random_views_stay_within_the_elevations_of_the_sets(bumpy):
    views = bumpy.random_views(50, streams())
    assert all(0 <= azimuth < 360 and -15 <= elevation <= 30 for azimuth, elevation in views)


def test_disparity_is_1_at_the_nearest_and_0_beside(bumpy):
    disparity = bumpy.disparity(POSES[0])
    assert disparity.shape == (4, 1, 64, 64)
    assert (disparity.amax((1, 2, 3)) == 1).all()
    assert (disparity[bumpy.cover(POSES[0]) == 0] == 0).all()


# ------------------------------------------------------------------------------------------ files


def write_obj(folder: Path, text: str) -> Path:
    path = folder / "mesh.obj"
    path.write_text(text, encoding="utf-8")
    return path


SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n"
COORDINATES = "vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"


def test_a_quad_becomes_two_triangles_with_its_coordinates(tmp_path):
    path = write_obj(tmp_path, SQUARE + COORDINATES + "f 1/1 2/2 3/3 4/4\n")
    model = read_mesh(path)
    assert model.faces.shape == (2, 3)
    close(model.uv, model.vertices[:, :2], 1e-9)


@pytest.mark.parametrize("faces", ["f 1 2 3 4\n", "f 1/1 2/2 3/3\nf 1 3 4\n"])
def test_missing_and_partial_coordinates_are_made_and_said(tmp_path, caplog, faces):
    model = read_mesh(write_obj(tmp_path, SQUARE + COORDINATES + faces))
    assert "xatlas" in caplog.text
    assert len(model.uv) == len(model.vertices) and ((model.uv >= 0) & (model.uv <= 1)).all()


BAD = {
    "empty": ("", "no faces"),
    "garbage": ("hello\nworld\n", "no faces"),
    "points": (SQUARE, "no faces"),
    "nan": ("v 0 0 0\nv 1 0 nan\nv 1 1 0\nf 1 2 3\n", "not finite"),
    "index": (SQUARE + "f 1 2 9\n", "cannot be read"),
    "flat": ("v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n", "all faces have zero area"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_bad_meshes_end_in_one_line(tmp_path, text, message):
    with pytest.raises(UserError, match=message) as caught:
        read_mesh(write_obj(tmp_path, text))
    assert "\n" not in str(caught.value) and "mesh.obj" in str(caught.value)


def test_a_missing_file_and_an_unknown_format_are_named(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_mesh(tmp_path / "nothing.obj")
    (tmp_path / "mesh.txt").write_text("")
    with pytest.raises(UserError, match="unknown format"):
        read_mesh(tmp_path / "mesh.txt")


def reopened(data: bytes, folder: Path) -> trimesh.Trimesh:
    path = folder / "out.glb"
    path.write_bytes(data)
    (part,) = trimesh.load_scene(path, process=False).geometry.values()
    assert isinstance(part, trimesh.Trimesh)
    return part


def check_returned(model: MeshModel, folder: Path) -> None:
    out: Any = reopened(to_glb(model, torch.rand(3, 32, 32)), folder)
    assert np.array_equal(out.faces, model.faces.numpy())
    np.testing.assert_allclose(out.vertices, model.vertices.numpy(), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(out.visual.uv, model.uv.numpy(), atol=1e-6)
    material = out.visual.material
    assert material.baseColorTexture.size == (32, 32)
    assert material.baseColorFactor is None or np.all(material.baseColorFactor == 255)


def test_what_comes_out_is_what_went_in(tmp_path):
    check_returned(bumpy_sphere(8), tmp_path)


@pytest.mark.skipif(not BAG.is_file(), reason=f"the artist's mesh is not there: {BAG}")
def test_an_artists_mesh_comes_out_as_it_went_in(tmp_path):
    model = read_mesh(BAG)
    assert len(model.vertices) == 4266 and len(model.faces) == 4484
    check_returned(model, tmp_path)
    space = mesh(model, texture=128)
    z = painted(space, 3.0)
    assert psnr(space.complete(z, space.all_views()), z) > 25


def test_two_objects_that_share_a_texture_get_a_new_layout(tmp_path, caplog):
    solid = bumpy_sphere(4)
    parts = [
        trimesh.Trimesh(
            solid.vertices.numpy() + [3.0 * i, 0, 0],
            solid.faces.numpy(),
            visual=TextureVisuals(uv=solid.uv.numpy()),
            process=False,
        )
        for i in range(2)
    ]
    path = tmp_path / "two.glb"
    trimesh.Scene(parts).export(path)
    assert len(read_mesh(path).faces) == 2 * len(solid.faces)
    assert "new layout" in caplog.text
