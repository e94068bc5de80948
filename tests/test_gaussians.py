"""Colours of 3D Gaussians: blending, round trips, PLY files in and out."""

import struct
from dataclasses import replace
from typing import Any

import pytest
import torch
from conftest import close
from torch import Tensor

from synclab.core.geometry import quaternion_rotation
from synclab.core.sync import gather
from synclab.errors import UserError
from synclab.priors.exact import Gaussian
from synclab.spaces.gaussian_maps import GaussianMaps
from synclab.spaces.gaussians import Gaussians
from synclab.spaces.pose_sets import POSE_SETS
from synclab.spaces.raster.camera import Camera
from synclab.spaces.rig import Rig
from synclab.spaces.splatting.choice import choose
from synclab.spaces.splatting.cloud import GaussianCloud, bumpy_cloud, from_z_to
from synclab.spaces.splatting.projection import BLUR, project
from synclab.spaces.splatting.torch_backend import TorchSplatter
from synclab.tasks.gaussians import GaussiansTask
from synclab.tasks.ply import C0, read_cloud, to_ply

POSES = POSE_SETS["synctweedies"]
HELD_OUT = ((22.5, 10.0), (100.0, 15.0), (200.0, 5.0))


def space(cloud: GaussianCloud, size: int = 64) -> Gaussians:
    maps = GaussianMaps(cloud, Rig(size))
    shape: dict[str, Any] = {"channels": 3, "height": 1, "width": len(cloud), "view_size": size}
    return Gaussians(**shape, maps=maps, sets=POSES)


@pytest.fixture(scope="module")
def bumpy() -> Gaussians:
    return space(bumpy_cloud(5000))


def painted(own: Gaussians, waves: float) -> Tensor:
    """Colours that are a function of the position."""
    place = own.maps.cloud.means.float().T
    return (0.5 + 0.3 * (waves * place).sin() * (waves * place.roll(1, 0)).cos())[:, None]


def psnr(ours: Tensor, theirs: Tensor) -> float:
    return float(-10 * (ours - theirs).square().mean().log10())


# ------------------------------------------------------------------------------------- blending


def balls(*centres: tuple[float, float, float], opacity: float = 0.8) -> GaussianCloud:
    """Round Gaussians of standard deviation 0.1."""
    n = len(centres)
    turns = torch.tensor([[1.0, 0.0, 0.0, 0.0]]).double().expand(n, 4)
    means, scales = torch.tensor(centres).double(), torch.full((n, 3), 0.1).double()
    return GaussianCloud(means, turns, scales, torch.full((n,), opacity).double())


CAMERA = Camera(0.0, 0.0, 4.0, 60.0, 65)
MIDDLE = 32 * 65 + 32


def test_the_nearer_gaussian_hides_the_farther():
    blending = TorchSplatter(balls((0, 0, -0.5), (0, 0, 0.5))).look(CAMERA)
    weight = blending.read(torch.eye(2))[:, MIDDLE]
    close(weight, torch.tensor([0.8 * 0.2, 0.8]), 1e-6)
    assert float(blending.coverage[MIDDLE]) == pytest.approx(0.96, abs=1e-6)
    assert float(blending.depth[MIDDLE]) == pytest.approx((0.16 * 4.5 + 0.8 * 3.5) / 0.96, abs=1e-5)


def test_a_round_gaussian_is_as_wide_as_its_projection():
    blending = TorchSplatter(balls((0, 0, 0))).look(CAMERA)
    variance = (CAMERA.focal * 0.1 / 4) ** 2 + 0.3  # square pixels
    offset = (torch.arange(65) - 32.0).square()
    wanted = 0.8 * (-(offset + offset[:, None]) / (2 * variance)).exp()
    wanted = torch.where(wanted >= 1 / 255, wanted, 0).float()  # fainter ones are not drawn
    middle = slice(29, 36)  # farther out the perspective shows
    close(blending.coverage.view(65, 65)[middle, middle], wanted[middle, middle], 1e-5)


@pytest.mark.parametrize(("opacity", "drawn"), [(0.005, True), (0.0035, False)])
def test_opacities_from_a_255th_on_are_drawn(opacity, drawn):
    coverage = TorchSplatter(balls((0, 0, 0), opacity=opacity)).look(CAMERA).coverage
    assert float(coverage[MIDDLE]) == pytest.approx(opacity if drawn else 0.0, abs=1e-6)


def test_an_oblique_gaussian_has_the_covariance_of_its_samples():
    """Away from the optical axis, for a long Gaussian that recedes from the camera."""
    turn = torch.tensor([[0.8, 0.3, 0.4, 0.2]]).double()
    scales = torch.tensor([[0.01, 0.02, 0.1]]).double()
    mean, opacity = torch.tensor([[0.6, 0.5, 0.2]]).double(), torch.tensor([0.5]).double()
    cloud = GaussianCloud(mean, turn / turn.norm(), scales, opacity)
    splats = project(cloud, CAMERA)
    xx, xy, yy = splats.conic[0].tolist()
    ours = torch.linalg.inv(torch.tensor([[xx, xy], [xy, yy]], dtype=torch.float64))
    draws = torch.randn(400_000, 3, generator=torch.Generator().manual_seed(0)).double()
    points = mean + (draws * scales) @ quaternion_rotation(cloud.quaternions)[0].T
    sampled = torch.cov(CAMERA.pixels(points)[0].T) + BLUR * torch.eye(2).double()
    close(ours, sampled, 0.03 * float(sampled.abs().max()))


def test_gaussians_lie_where_the_camera_projects_their_means():
    blending = TorchSplatter(balls((0.4, 0.3, 0.1))).look(CAMERA)
    column, row = CAMERA.pixels(torch.tensor([0.4, 0.3, 0.1]).double())[0].tolist()
    image = blending.coverage.view(65, 65)
    places = torch.arange(65.0)
    assert float((image.sum(0) * places).sum() / image.sum()) == pytest.approx(column, abs=0.1)
    assert float((image.sum(1) * places).sum() / image.sum()) == pytest.approx(row, abs=0.1)


def test_light_ends_where_less_than_a_ten_thousandth_passes():
    """A pixel is finished at the Gaussian that would leave less light, as in the CUDA kernels."""
    many = balls(*((0.0, 0.0, -0.1 * i) for i in range(8)), opacity=0.9)
    weight = TorchSplatter(many).look(CAMERA).read(torch.eye(8))[:, MIDDLE]
    close(weight[:3], torch.tensor([0.9, 0.09, 0.009]), 1e-6)
    assert (weight[4:] == 0).all()


def test_a_flat_gaussian_is_turned_into_its_tangent_plane():
    normal = torch.nn.functional.normalize(torch.randn(20, 3).double(), dim=1)
    close(quaternion_rotation(from_z_to(normal))[:, :, 2], normal, 1e-12)
    down = torch.tensor([[0.0, 0.0, -1.0]]).double()
    close(quaternion_rotation(from_z_to(down))[:, :, 2], down, 1e-12)


def test_gsplat_is_refused_without_cuda():
    with pytest.raises(UserError, match=r"task\.splatter=gsplat: "):
        choose("gsplat", bumpy_cloud(10))


# ---------------------------------------------------------------------------------------- space


def test_the_transpose_is_the_adjoint(bumpy):
    blending = bumpy.maps.pose(POSES[0][0])
    z, y = torch.randn(3, bumpy.width).double(), torch.randn(3, 64 * 64).double()
    close((blending.read(z) * y).sum(), (z * blending.transpose(y)).sum(), 1e-6)


def test_projection_is_differentiable(bumpy):
    z = torch.randn(3, 1, bumpy.width, requires_grad=True)
    (gradient,) = torch.autograd.grad(bumpy.project(z, POSES[0][:2]).sum(), z)
    ones = torch.ones(1, 64 * 64)
    wanted = torch.stack([bumpy.maps.pose(view).transpose(ones) for view in POSES[0][:2]]).sum(0)
    close(gradient[:1, 0], wanted, 1e-4)


@pytest.mark.parametrize("kind", ["mean", "ridge"])
@pytest.mark.parametrize("background", [0.0, 0.7])
def test_a_constant_survives_everywhere(bumpy, kind, background):
    own = replace(bumpy, gather=kind, background=background)
    z = torch.full(own.shape, 0.3)
    close(gather(own, own.project(z, POSES[0]), POSES[0]), z, 1e-4)


@pytest.fixture(scope="module")
def large() -> Gaussians:
    return space(bumpy_cloud(20_000), 128)


@pytest.mark.parametrize("waves", [4, 12])
def test_consistent_views_come_back_sharply(large, waves):
    z = painted(large, waves)
    back = gather(large, large.project(z, POSES[0]), POSES[0])
    assert psnr(large.project(back, HELD_OUT), large.project(z, HELD_OUT)) > 59.5


@pytest.mark.parametrize("size", [(3, 1, 1), (3, 128, 128)], ids=["offsets", "pixels"])
def test_noise_of_the_views_is_not_fitted(large, size):
    z = painted(large, 12)
    noise = 0.1 * torch.randn(10, *size, generator=torch.Generator().manual_seed(0))
    views, truth = large.project(z, POSES[0]) + noise, large.project(z, HELD_OUT)
    errors = {}
    for kind in ("mean", "ridge"):
        own = replace(large, gather=kind)
        errors[kind] = psnr(own.project(gather(own, views, POSES[0]), HELD_OUT), truth)
    assert errors["ridge"] > errors["mean"] - 0.1


def test_a_step_changes_only_what_its_views_see_best(bumpy):
    old, one = torch.zeros(bumpy.shape), ((0.0, 0.0),)
    new = gather(bumpy, bumpy.project(torch.ones(bumpy.shape), one), one, old=old)
    front, back = bumpy.maps.cloud.means[:, 2] > 0.8, bumpy.maps.cloud.means[:, 2] < -0.6
    assert (new[:, 0, front] > 0.6).all()
    assert (new[:, 0, back] == 0).all()


def test_unseen_gaussians_take_the_nearest_seen_colour(bumpy):
    one = ((0.0, 0.0),)
    z = gather(bumpy, bumpy.project(torch.full(bumpy.shape, 0.4), one), one)
    assert ((z - 0.4).abs() < 5e-3).all()


def test_a_view_owns_the_middle_of_what_it_sees_best(bumpy):
    inwardness = bumpy.inwardness(POSE_SETS["stochsync"][0])
    assert inwardness.shape == (4, 1, 64, 64)
    assert (inwardness[:, 0, 0, 0] == 1).all() and (inwardness[:, 0, 32, 32] > 0.5).all()
    assert inwardness.min() == 0


def test_disparity_is_1_at_the_nearest_and_0_beside(bumpy):
    disparity = bumpy.disparity(POSES[0])
    assert (disparity.amax((1, 2, 3)) == 1).all()
    assert (disparity[bumpy.cover(POSES[0]) < 0.5] == 0).all()


# ---------------------------------------------------------------------------------------- files


def test_what_comes_out_is_what_went_in(tmp_path):
    cloud, colours = bumpy_cloud(50), torch.rand(50, 3)
    path = tmp_path / "cloud.ply"
    path.write_bytes(to_ply(cloud, colours))
    found = read_cloud(path)
    for ours, theirs in (
        (found.means, cloud.means),
        (found.scales, cloud.scales),
        (found.opacities, cloud.opacities),
        (found.quaternions, cloud.quaternions),
    ):
        close(ours, theirs, 1e-6)


def test_colours_are_written_as_viewers_read_them():
    content = to_ply(bumpy_cloud(1), torch.tensor([[1.0, 0.5, 0.0]]))
    head, _, body = content.partition(b"end_header\n")
    names = [line.split()[2].decode() for line in head.splitlines() if b"property" in line]
    row = dict(zip(names, struct.unpack(f"<{len(names)}f", body), strict=True))
    rgb = [0.5 + C0 * row[f"f_dc_{i}"] for i in range(3)]
    assert rgb == pytest.approx([1.0, 0.5, 0.0], abs=1e-6)
    assert 1 / (1 + torch.tensor(-row["opacity"]).exp()) == pytest.approx(0.95, abs=1e-6)


HEAD = "ply\nformat ascii 1.0\nelement vertex 1\n"
NAMES = [*"xyz", *(f"scale_{i}" for i in range(3)), *(f"rot_{i}" for i in range(4)), "opacity"]
FIELDS = "".join(f"property float {name}\n" for name in NAMES)


def test_an_ascii_file_with_other_elements_is_read(tmp_path):
    path = tmp_path / "cloud.ply"
    path.write_text(
        f"{HEAD}{FIELDS}element camera 1\nproperty float f\nend_header\n1 2 3 0 0 0 2 0 0 0 0\n7\n",
        encoding="utf-8",
    )
    cloud = read_cloud(path)
    assert cloud.means.tolist() == [[1, 2, 3]] and cloud.opacities.tolist() == [0.5]
    assert cloud.scales.tolist() == [[1, 1, 1]] and cloud.quaternions.tolist() == [[1, 0, 0, 0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no PLY file"),
        ("plz\nend_header\n", "no PLY file"),
        (f"{HEAD}property float x\nend_header\n1\n", "without y, z, scale_0"),
        (f"{HEAD}{FIELDS}end_header\n", "cut short"),
        (f"{HEAD}{FIELDS}end_header\n1 2 3\n", "cut short"),
        (f"{HEAD}{FIELDS}end_header\nnan 2 3 0 0 0 1 0 0 0 0\n", "not finite"),
        (f"{HEAD}{FIELDS}end_header\n1 2 3 0 0 0 0 0 0 0 0\n", "a rotation is zero"),
        ("ply\nformat ascii 1.0\nelement face 0\nend_header\n", "first element is not vertex"),
        (f"{HEAD}property list uchar int a\nend_header\n1\n", "no plain type"),
        ("ply\nformat ascii 1.0\nelement vertex many\nend_header\n", "invalid literal"),
    ],
)
def test_bad_files_end_in_one_line(tmp_path, text, message):
    path = tmp_path / "cloud.ply"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message) as caught:
        read_cloud(path)
    assert "\n" not in str(caught.value) and "task.cloud=" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match="task.cloud=.*cannot be read"):
        read_cloud(tmp_path / "nowhere.ply")


def test_the_task_shows_views_and_writes_a_ply(tmp_path):
    prior, task = Gaussian((3, 32, 32)), GaussiansTask(count=500)
    z = torch.rand(3, 1, 500)
    image = task.image(prior, z)
    assert image.shape == (3, 64, 320)
    (tmp_path / "out.ply").write_bytes(task.artefacts(prior, z, image)["ply"])
    assert len(read_cloud(tmp_path / "out.ply")) == 500
