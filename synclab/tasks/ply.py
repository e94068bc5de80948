"""Reads and writes 3D Gaussians as PLY, in the layout of Kerbl et al. 2023 and its viewers.

Scales are stored as logarithms, opacities as logits, and colours as the constant term of spherical
harmonics: f_dc = (rgb - 1/2) / C0.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from synclab.errors import UserError
from synclab.spaces.splatting.cloud import GaussianCloud

C0 = 0.28209479177387814
"""The constant spherical harmonic, 1 / (2 sqrt(pi))."""

TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4",
    "float": "f4", "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2",
    "int32": "i4", "uint32": "u4", "float32": "f4", "float64": "f8",
}  # fmt: skip

POSITION = ("x", "y", "z")
COLOUR = ("f_dc_0", "f_dc_1", "f_dc_2")
SCALE = ("scale_0", "scale_1", "scale_2")
ROTATION = ("rot_0", "rot_1", "rot_2", "rot_3")
NEEDED = (*POSITION, *SCALE, *ROTATION, "opacity")

EXPECTED = "expected a PLY of 3D Gaussians, as gsplat and nerfstudio export them"

MOST = 2_000_000
"""Larger clouds take minutes per pose on a CPU."""


def read_cloud(path: Path) -> GaussianCloud:
    """Reads the geometry of 3D Gaussians; colours are ignored.

    Raises: UserError for a file that is missing, is no PLY of Gaussians, or has invalid values.
    """
    place = f"task.cloud={path}"
    try:
        vertices = read_vertices(path.read_bytes())
    except OSError as error:
        raise UserError(f"{place}: cannot be read ({error.strerror}); {EXPECTED}") from error
    except ValueError as error:
        raise UserError(f"{place}: {error}; {EXPECTED}") from error
    if missing := [name for name in NEEDED if name not in (vertices.dtype.names or ())]:
        raise UserError(f"{place}: without {', '.join(missing)}; {EXPECTED}")
    if not 0 < len(vertices) <= MOST:
        raise UserError(f"{place}: {len(vertices)} Gaussians; expected 1 to {MOST}")
    return to_cloud(vertices, place)


def read_colours(path: Path) -> Tensor:
    """Colours (n, 3) in [0, 1] of a PLY of Gaussians.

    Raises: UserError if it has none.
    """
    vertices = read_vertices(path.read_bytes())
    if missing := [name for name in COLOUR if name not in (vertices.dtype.names or ())]:
        raise UserError(f"{path}: without {', '.join(missing)}; {EXPECTED}")
    return (columns(vertices, COLOUR) * C0 + 0.5).clamp(0, 1).float()


def to_cloud(vertices: np.ndarray, place: str) -> GaussianCloud:
    values = [columns(vertices, names) for names in (POSITION, ROTATION, SCALE, ("opacity",))]
    if not all(torch.isfinite(part).all() for part in values):
        raise UserError(f"{place}: a value is not finite; repair the file")
    means, rotations, scales, logits = values
    length = rotations.norm(dim=1, keepdim=True)
    if not (length > 0).all():
        raise UserError(f"{place}: a rotation is zero; expected quaternions (w, x, y, z)")
    return GaussianCloud(means, rotations / length, scales.exp(), logits[:, 0].sigmoid())


def columns(vertices: np.ndarray, names: tuple[str, ...]) -> Tensor:
    """Properties of all vertices as columns (n, k)."""
    return torch.from_numpy(np.stack([vertices[name].astype(np.float64) for name in names], 1))


def read_vertices(content: bytes) -> np.ndarray:
    """The element "vertex" of a PLY file, which must come first, as a structured array.

    Raises: ValueError that names the fault.
    """
    head, end, body = content.partition(b"end_header\n")
    lines = head.decode("ascii", "replace").splitlines()
    if not lines or lines[0].strip() != "ply" or not end:
        raise ValueError("no PLY file")
    count, layout = read_header(lines[1:])
    if "format ascii 1.0" in lines:
        return read_rows(body.decode("ascii", "replace").splitlines()[:count], count, layout)
    if len(body) < count * layout.itemsize:
        raise ValueError("cut short")
    return np.frombuffer(body, layout, count)


def read_rows(lines: list[str], count: int, layout: np.dtype) -> np.ndarray:
    """Vertices of an ASCII file, one line each."""
    rows = [line.split() for line in lines]
    if len(rows) < count or any(len(row) != len(layout.names or ()) for row in rows):
        raise ValueError("cut short")
    return np.rec.fromarrays(np.array(rows, np.float64).T, dtype=layout)


def read_header(lines: list[str]) -> tuple[int, np.dtype]:
    """Number and layout of the vertices."""
    order = ">" if "format binary_big_endian 1.0" in lines else "<"
    words = [line.split() for line in lines if line.split()]
    starts = [i for i, word in enumerate(words) if word[0] == "element"]
    if not starts or words[starts[0]][1:2] != ["vertex"]:
        raise ValueError("its first element is not vertex")
    own = words[starts[0] + 1 : starts[1] if len(starts) > 1 else None]
    fields = [word for word in own if word[0] == "property"]
    if any(len(word) != 3 or word[1] not in TYPES for word in fields):
        raise ValueError("a property of its vertices has no plain type")
    return int(words[starts[0]][2]), np.dtype([(w[2], order + TYPES[w[1]]) for w in fields])


def to_ply(cloud: GaussianCloud, colours: Tensor) -> bytes:
    """A binary PLY of a cloud with colours (n, 3) in [0, 1]."""
    opacity = cloud.opacities.clamp(1e-6, 1 - 1e-6)
    parts = {
        POSITION: cloud.means,
        ("nx", "ny", "nz"): torch.zeros_like(cloud.means),
        COLOUR: (colours.cpu() - 0.5) / C0,
        ("opacity",): torch.logit(opacity)[:, None],
        SCALE: cloud.scales.log(),
        ROTATION: cloud.quaternions,
    }
    names = [name for group in parts for name in group]
    table = torch.cat([part.float() for part in parts.values()], 1).numpy().astype("<f4")
    head = ["ply", "format binary_little_endian 1.0", f"element vertex {len(table)}"]
    head += [f"property float {name}" for name in names]
    return ("\n".join([*head, "end_header"]) + "\n").encode("ascii") + table.tobytes()
