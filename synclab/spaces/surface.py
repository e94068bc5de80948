"""Closed surfaces with a rectangular canvas: the sphere and the torus of StochSync.

Yeo et al. 2025 (arXiv 2501.15445), App. F; the maps are those of the released code. A view is
(azimuth, elevation) in degrees, on the sphere followed by the quaternion (w, x, y, z) that rotates
all views of a step.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from synclab.core import geometry
from synclab.core.protocols import Rng, View, Views
from synclab.spaces.canvas import Canvas
from synclab.spaces.equirect import Grid
from synclab.spaces.resampling import Sampling, chosen, positions, resample
from synclab.spaces.sparse import (
    Closing,
    SparseRead,
    bilinear_read,
    clamped,
    doubly_periodic,
    nearest_read,
    over_the_poles,
)


@dataclass(frozen=True, eq=False)
class SurfaceMaps:
    """How a set of views samples the canvas, and which texels (m,) each view covers, with their
    positions (1, m, 2) in it.
    """

    pixels: SparseRead
    texels: tuple[tuple[Tensor, Tensor], ...]


@dataclass(kw_only=True)
class Surface(Canvas):
    """A rectangular canvas that wraps around a surface, with maps from views to texels and back.

    With `grid="corners"` texels are sampled at their corners, the first and last pixels of a view
    lie on its border, the canvas does not wrap, and a view extends `margin` pixels beyond its
    border: the released code of StochSync, with margin 1 and nearest sampling.

    Only the maps of the last set of views are cached: random rotations never recur.
    """

    fov: float = 90.0
    sampling: Sampling = "bilinear"
    grid: Grid = "centres"
    margin: float = 0.0

    def __post_init__(self) -> None:
        self._last: tuple[Views, SurfaceMaps] | None = None

    @property
    def offset(self) -> float:
        return 0.5 if self.grid == "centres" else 0.0

    @property
    def dtype(self) -> torch.dtype:
        """float32 for "corners": nearest-pixel ties of the released code depend on its rounding."""
        return torch.float64 if self.grid == "centres" else torch.float32

    @abstractmethod
    def canvas_position(self, view: View) -> tuple[Tensor, Tensor]:
        """Columns and rows (h, w) of the canvas that the pixels of a view see."""

    @abstractmethod
    def view_position(self, view: View) -> tuple[Tensor, Tensor, Tensor]:
        """Flat indices (m,) of texels that may lie in a view, and their columns and rows in it."""

    @abstractmethod
    def closing(self) -> Closing:
        """Boundary condition of the canvas."""

    def project(self, z: Tensor, views: Views) -> Tensor:
        return self._by_view(self.maps(views).pixels(z))

    def project_noise(self, noise: Tensor, views: Views) -> Tensor:
        """The cell nearest to each pixel: means of cells have less variance."""
        return self._by_view(noise.flatten(1)[:, self.maps(views).pixels.nearest()])

    def _by_view(self, seen: Tensor) -> Tensor:
        """Samples (c, n h w) of all views as views (n, c, h, w)."""
        return seen.unflatten(1, (-1, self.view_size, self.view_size)).transpose(0, 1)

    def scatter(self, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
        """Sum of the views' colours at every texel that they cover, and the number of views."""
        total, count = (y.new_zeros(c, self.height * self.width) for c in (y.shape[1], 1))
        for pixels, (texel, at) in zip(y, self.maps(views).texels, strict=True):
            total.index_add_(1, texel, resample(pixels, at, self.sampling)[:, 0])
            count.index_add_(1, texel, torch.ones_like(texel[None], dtype=y.dtype))
        size = (-1, self.height, self.width)
        return total.view(size), count.view(size)

    def inwardness(self, views: Views) -> Tensor:
        return self.from_borders()

    def maps(self, views: Views) -> SurfaceMaps:
        if self._last is None or self._last[0] != views:
            self._last = views, self._map(views)
        return self._last[1]

    def _map(self, views: Views) -> SurfaceMaps:
        looks = [self.canvas_position(view) for view in views]
        column, row = (torch.stack(x).flatten() for x in zip(*looks, strict=True))
        close = self.closing() if self.grid == "centres" else clamped(self.height, self.width)
        reader = nearest_read if self.sampling == "nearest" else bilinear_read
        pixels = reader(column, row, self.width, close)
        return SurfaceMaps(pixels.to(self.device), tuple(map(self._cover, views)))

    def _cover(self, view: View) -> tuple[Tensor, Tensor]:
        """Texels inside the view, and their positions in it."""
        texel, column, row = self.view_position(view)
        low, high = -0.5 - self.margin, self.view_size - 0.5 + self.margin
        if self.grid == "centres":  # slightly wider, or rounding lets both neighbours miss a texel
            low, high = low - 1e-6, high + 1e-6
        inside = (column >= low) & (column < high) & (row >= low) & (row < high)
        inside = inside.nonzero()[:, 0]  # faster to select by than a mask
        column, row = (chosen(x[inside], self.sampling) for x in (column, row))
        at = positions(column, row, self.view_size, self.view_size)[None]
        return texel[inside].to(self.device), at.to(self.device)

    def fractions(self) -> Tensor:
        """Positions of a view's pixels between its borders, in [-1/2, 1/2]: (view_size,)."""
        if self.grid == "corners":
            return torch.linspace(-0.5, 0.5, self.view_size, dtype=self.dtype)
        return (torch.arange(self.view_size, dtype=self.dtype) + 0.5) / self.view_size - 0.5

    def pixel(self, fraction: Tensor) -> Tensor:
        """Position in pixels of a fraction of the view; the released code is a pixel off."""
        return (fraction + 0.5) * self.view_size - self.offset


FACES = (*((azimuth, 0.0) for azimuth in (0.0, 90.0, 180.0, 270.0)), (0.0, 90.0), (0.0, -90.0))
"""Azimuth and elevation of a cube's faces."""

BLOCK = 8
"""Texels at most along a side of the blocks among which a view's texels are searched."""

UPRIGHT = (1.0, 0.0, 0.0, 0.0)
"""The quaternion of no rotation."""


@dataclass(kw_only=True)
class Sphere(Surface):
    """A sphere on an equirectangular canvas, seen through equi-angular cube faces.

    Every step rotates the cube at random, so that seams move from step to step.
    """

    def all_views(self) -> Views:
        """The upright cube, and two rotated ones that see its edges and corners."""
        eighth = math.radians(45) / 2
        turns = [UPRIGHT, *((math.cos(eighth), *axis) for axis in _axes(math.sin(eighth)))]
        return tuple((*face, *turn) for turn in turns for face in FACES)

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        """The faces of a randomly rotated cube."""
        turn = self.rotation(rng)
        return tuple((*face, *turn) for face in FACES)

    def shifted_views(self, rng: Rng) -> Views:
        return self.disjoint_views(0, rng)

    def random_views(self, count: int, rng: Rng) -> Views:
        """Cube faces, each with its own random rotation."""
        return tuple((0.0, 0.0, *self.rotation(rng)) for _ in range(count))

    def rotation(self, rng: Rng) -> tuple[float, ...]:
        """A uniformly random rotation, as a unit quaternion."""
        drawn = rng.normal("rotation", (4,)).cpu()
        return tuple((drawn / drawn.norm()).tolist())

    def closing(self) -> Closing:
        return over_the_poles(self.height, self.width)

    def canvas_position(self, view: View) -> tuple[Tensor, Tensor]:
        angle = torch.deg2rad(self.fractions() * self.fov)
        b, a = torch.meshgrid(angle, angle, indexing="ij")
        ray = torch.stack([a.sin() * b.cos(), -a.cos() * b.sin(), -a.cos() * b.cos()], -1)
        ray = ray / (1 - (a.sin() * b.sin()).square()).sqrt()[..., None]
        towards = ray @ self._turn(view).T
        return geometry.equirect_position(towards, self.height, self.width, self.offset)

    def view_position(self, view: View) -> tuple[Tensor, Tensor, Tensor]:
        row, column = self._near(view)
        longitude, latitude = self._angles()
        rays = geometry.direction(longitude[column], latitude[row])
        x, y, z = self._turn(view).T @ rays.movedim(-1, 0).flatten(1)
        a, b = torch.atan2(x, -z), torch.atan2(-y, -z)
        fov = math.radians(self.fov)
        return (row * self.width + column).flatten(), self.pixel(a / fov), self.pixel(b / fov)

    def _near(self, view: View) -> tuple[Tensor, Tensor]:
        """Rows (m, n, 1) and columns (m, 1, n) of the blocks of n x n texels that a view may see.

        The first texel of a block stands for all: they are less than a block's diagonal from it.
        """
        block = math.gcd(BLOCK, self.height, self.width)
        longitude, latitude = self._angles()
        rays = geometry.direction(longitude[::block], latitude[::block, None])
        diagonal = block * math.pi * math.hypot(1 / self.height, 2 / self.width)
        seen = self._within_reach(*(rays @ self._turn(view)).unbind(-1), tolerance=diagonal)
        row, column = block * seen.nonzero().T[..., None, None]
        step = torch.arange(block)
        return row + step[:, None], column + step

    def _within_reach(self, x: Tensor, y: Tensor, z: Tensor, tolerance: float) -> Tensor:
        """Whether directions in a view's coordinates, moved by the tolerance, may lie in it."""
        reach = math.tan(math.radians(self.fov / 2 * (1 + 4 * (1 + self.margin) / self.view_size)))
        border = -z * reach + tolerance * (1 + reach)
        return (z < -1e-6 + tolerance) & (x.abs() <= border) & (y.abs() <= border)

    def _angles(self) -> tuple[Tensor, Tensor]:
        return geometry.equirect_angles(self.height, self.width, self.offset, self.dtype)

    def _turn(self, view: View) -> Tensor:
        """Rotation (3, 3) from the camera to the world."""
        azimuth, elevation, *quaternion = (torch.tensor(v, dtype=self.dtype) for v in view)
        looking = geometry.camera_rotation(azimuth[None], elevation[None])[0]
        return geometry.quaternion_rotation(torch.stack(quaternion)) @ looking


def _axes(length: float) -> tuple[tuple[float, float, float], ...]:
    """Two axes of rotation, of the given length."""
    third = length / math.sqrt(3)
    return (third, third, third), (third, -third, third)


TORUS_VIEWS = ((0.0, 90.0), (90.0, 0.0), (180.0, 90.0), (270.0, 0.0), (0.0, -90.0), (180.0, -90.0))
"""Azimuth and elevation of the first step of the released code."""


@dataclass(kw_only=True)
class Torus(Surface):
    """A torus: columns run around the ring, rows around the tube, and both wrap.

    `ratio` is the outer circumference over the inner one; a view spans more longitude inside.
    """

    fov: float = 180.0
    ratio: float = 3.0

    def all_views(self) -> Views:
        """The first three steps together, which cover everything."""
        return tuple(view for step in range(3) for view in self.set(step))

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        return self.set(step)

    def set(self, step: int) -> Views:
        """Views of a step: azimuths advance by 45 degrees and nonzero elevations by 60, both modulo
        180.
        """
        azimuth, elevation = 45 * step % 180, 60 * step % 180
        return tuple(
            ((a + azimuth) % 360, (e + elevation) % 360 if e else 0.0) for a, e in TORUS_VIEWS
        )

    def random_views(self, count: int, rng: Rng) -> Views:
        around, across = (rng.uniform(name, 0, 360, count) for name in ("azimuth", "elevation"))
        return tuple(zip(around, across, strict=True))

    def closing(self) -> Closing:
        return doubly_periodic(self.height, self.width)

    def canvas_position(self, view: View) -> tuple[Tensor, Tensor]:
        azimuth, elevation = view
        y, x = torch.meshgrid(self.fractions(), self.fractions(), indexing="ij")
        latitude = elevation + y * self.fov
        longitude = azimuth + x * self.width_of_view * self.stretch(latitude)
        return self._texel(longitude, self.width), self._texel(latitude, self.height)

    def view_position(self, view: View) -> tuple[Tensor, Tensor, Tensor]:
        azimuth, elevation = view
        longitude, latitude = self._degrees(self.width), self._degrees(self.height)[:, None]
        across = half_turn(longitude - azimuth) / (self.stretch(latitude) * self.width_of_view)
        down = (half_turn(latitude - elevation) / self.fov).expand_as(across)
        texel = torch.arange(self.height * self.width)
        return texel, self.pixel(across.flatten()), self.pixel(down.flatten())

    @property
    def width_of_view(self) -> float:
        """Degrees of longitude that a view spans at the outer equator."""
        return self.fov * 0.5 * (1 - 1 / self.ratio)

    def stretch(self, latitude: Tensor) -> Tensor:
        """Outer circumference over the circumference at a latitude (degrees): 1 outside."""
        ring = self.ratio + 1 + (self.ratio - 1) * torch.deg2rad(latitude).cos()
        return 2 * self.ratio / ring

    def _texel(self, degrees: Tensor, size: int) -> Tensor:
        return (half_turn(degrees) + 180) / 360 * size - self.offset

    def _degrees(self, size: int) -> Tensor:
        return (torch.arange(size, dtype=self.dtype) + self.offset) / size * 360 - 180


def half_turn(degrees: Tensor) -> Tensor:
    """The same angle in [-180, 180)."""
    return (degrees + 180) % 360 - 180
