"""CPU seconds that meshes, spheres and tori cost outside the networks.

    python scripts/bench.py surfaces
    python scripts/bench.py surfaces 64 128 512

A bumpy sphere of `rows` x 2 `rows` quadrilaterals, views of `pixels`, a texture of `texels` along
a side; without them 141 rows (79,524 faces), 768 px and 2048 texels. `raster` is what all poses of
StochSync see, `texel map` where the texels lie, `poses` all maps of the poses (raster, visibility
and readings), `first` and `steady` a step of four views: projecting and gathering, with the maps to
be found and with them at hand. Steps of the sphere and the torus follow at the paper's size of a
canvas, or at 4 x 8 views of `pixels`.
"""

import logging
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from synclab.core.streams import Streams
from synclab.core.sync import gather, project
from synclab.spaces.canvas import Canvas
from synclab.spaces.mesh import Mesh
from synclab.spaces.mesh_maps import MeshMaps
from synclab.spaces.mesh_model import find_charts
from synclab.spaces.pose_sets import POSE_SETS
from synclab.spaces.rig import Rig
from synclab.spaces.solids import bumpy_sphere
from synclab.spaces.surface import Sphere, Torus

log = logging.getLogger("bench")

POSES = POSE_SETS["stochsync"]


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def step(space: Canvas, z: Tensor, k: int) -> None:
    """What round k of StochSync asks of the space."""
    views = space.disjoint_views(k, Streams("bench", k))
    gather(space, project(space, z, views), views, old=z)


def time_mesh(rows: int, pixels: int, texels: int) -> None:
    model = bumpy_sphere(rows)
    maps = MeshMaps(model, texels, Rig(pixels))
    shape: dict[str, Any] = {"channels": 3, "height": texels, "width": texels, "view_size": pixels}
    space = Mesh(**shape, maps=maps, sets=POSES)
    views, z = space.all_views(), torch.rand(space.shape)
    figures = {
        "raster": seconds(lambda: [maps.rasterizer.look(maps.rig.camera(v)) for v in views]),
        "texel map": seconds(lambda: find_charts(model, texels)),
        "poses": seconds(lambda: [maps.pose(view) for view in views]),
        "first": seconds(lambda: step(space, z, 0)),
        "steady": seconds(lambda: step(space, z, 0)),
    }
    seen = float(maps.seen(views).flatten()[maps.charts.texel].float().mean())
    tell(f"mesh, {len(model.faces)} faces, {pixels} px, {texels}^2 texels", figures)
    log.info("   of the charts' texels %.1f %% are seen", 100 * seen)


def time_surface(name: str, space: Canvas) -> None:
    z = torch.rand(space.shape)
    tell(name, {f"step {k}": seconds(lambda k=k: step(space, z, k)) for k in range(3)})


def tell(name: str, figures: dict[str, float]) -> None:
    log.info("%s: %s", name, ", ".join(f"{key} {value:.2f} s" for key, value in figures.items()))


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    rows, pixels, texels = map(int, sys.argv[1:] or ("141", "768", "2048"))
    side = 512 if len(sys.argv) == 1 else pixels
    time_mesh(rows, pixels, texels)
    size: dict[str, Any] = {"channels": 3, "view_size": side}
    time_surface("sphere", Sphere(**size, height=4 * side, width=8 * side))
    time_surface("torus", Torus(**size, height=2 * side, width=6 * side))


if __name__ == "__main__":
    main()
