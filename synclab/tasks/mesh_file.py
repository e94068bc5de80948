"""Reads meshes from OBJ, GLB, PLY and STL files, and writes GLB and OBJ."""

import io
import logging
import zipfile
from pathlib import Path

import numpy as np
import torch
import trimesh
import xatlas
from PIL import Image
from torch import Tensor
from trimesh.exchange.obj import export_obj
from trimesh.visual.material import Material, PBRMaterial, SimpleMaterial
from trimesh.visual.texture import TextureVisuals

from synclab.core.pictures import to_bytes, to_unit
from synclab.errors import UserError
from synclab.spaces.mesh_model import MeshModel

log = logging.getLogger(__name__)

FORMATS = (".obj", ".glb", ".gltf", ".ply", ".stl")

MOST_FACES = 1_000_000
"""Larger meshes take minutes per pose and for texture coordinates."""

WHITE, BLACK = (255, 255, 255, 255), (0, 0, 0, 255)

SHARED = 0.01
"""Share of texels that two objects of a file may have in common before a new layout is made."""


def read_mesh(path: Path) -> MeshModel:
    """Reads a mesh; vertices and faces keep the file's order.

    Polygons are triangulated and the objects of a scene are joined. An OBJ vertex with several
    texture coordinates becomes several vertices. New texture coordinates are made, with a warning,
    if any are missing or if objects share parts of the texture.

    Raises: UserError for files without a usable mesh.
    """
    parts = read_parts(path)
    vertices, faces = joined(parts)
    check_geometry(path, vertices, faces)
    uv = coordinates(parts)
    if uv is None:
        log.warning("%s: texture coordinates missing or incomplete; xatlas makes new ones", path)
        return unwrap(vertices, faces)
    model = MeshModel(vertices, faces, uv)
    if len(parts) > 1 and overlapping(model, [len(part.faces) for part in parts]):
        log.warning("%s: objects share parts of the texture; xatlas makes a new layout", path)
        return unwrap(vertices, faces)
    return model


def read_parts(path: Path) -> list[trimesh.Trimesh]:
    """The objects of a file, with the transforms of its scene applied."""
    if not path.is_file():
        raise UserError(f"task.mesh={path}: no such file; expected a mesh ({', '.join(FORMATS)})")
    if path.suffix.lower() not in FORMATS:
        raise UserError(f"task.mesh={path}: unknown format; expected {', '.join(FORMATS)}")
    try:
        scene = trimesh.load_scene(path, process=False)
    except Exception as error:  # trimesh passes on every kind of error of its many readers
        raise UserError(
            f"task.mesh={path}: cannot be read ({type(error).__name__}: {error}); export it again"
        ) from error
    parts = [part for part in scene.dump() if isinstance(part, trimesh.Trimesh) and len(part.faces)]
    if not parts:
        raise UserError(f"task.mesh={path}: has no faces; expected a triangle mesh, not points")
    return parts


def joined(parts: list[trimesh.Trimesh]) -> tuple[Tensor, Tensor]:
    """Vertices and faces of all objects, concatenated."""
    start = np.cumsum([0, *(len(part.vertices) for part in parts)])
    faces = [part.faces + first for part, first in zip(parts, start, strict=False)]
    vertices = np.concatenate([part.vertices for part in parts])
    return torch.from_numpy(vertices.copy()), torch.from_numpy(np.concatenate(faces)).long()


def check_geometry(path: Path, vertices: Tensor, faces: Tensor) -> None:
    """Refuses geometry that cannot be rendered.

    Raises: UserError naming the fault.
    """
    if len(faces) > MOST_FACES:
        raise UserError(
            f"task.mesh={path}: {len(faces)} faces; expected at most {MOST_FACES}; simplify it"
        )
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise UserError(f"task.mesh={path}: a face refers to a missing vertex; export it again")
    if not torch.isfinite(vertices[faces]).all():
        raise UserError(f"task.mesh={path}: a vertex is not finite; repair the mesh")
    a, b, c = vertices[faces].unbind(1)
    if not torch.linalg.cross(b - a, c - a).any():
        raise UserError(f"task.mesh={path}: all faces have zero area; repair the mesh")


def coordinates(parts: list[trimesh.Trimesh]) -> Tensor | None:
    """Texture coordinates of all vertices; None if any is missing."""
    found = []
    for part in parts:
        visual = part.visual
        uv = visual.uv if isinstance(visual, TextureVisuals) else None
        if uv is None or len(uv) != len(part.vertices) or not np.isfinite(uv).all():
            return None
        found.append(np.asarray(uv, np.float64))
    return torch.from_numpy(np.concatenate(found))


def overlapping(model: MeshModel, counts: list[int], size: int = 256) -> bool:
    """Whether objects of `counts` faces use the same texels."""
    from synclab.spaces.raster.triangles import covered

    part = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    users = torch.zeros(len(counts), size * size, dtype=torch.bool)
    for texel, face, _ in covered(model.texel_position(size), size, size):
        users[part[face], texel] = True
    used = users.sum(0)
    return bool((used > 1).sum() > SHARED * (used > 0).sum())


def unwrap(vertices: Tensor, faces: Tensor) -> MeshModel:
    """A mesh with new texture coordinates; vertices on chart borders are duplicated."""
    source, corners, uv = xatlas.parametrize(
        vertices.numpy().astype(np.float32), faces.numpy().astype(np.uint32)
    )
    kept = vertices[torch.from_numpy(source.astype(np.int64))]
    return MeshModel(
        kept, torch.from_numpy(corners.astype(np.int64)), torch.from_numpy(uv).double()
    )


def read_texture(path: Path) -> Tensor:
    """The base colours (3, H, W) of a GLB file with one material.

    Raises: UserError if it has none.
    """
    for part in read_parts(path):
        material = part.visual.material if isinstance(part.visual, TextureVisuals) else None
        if isinstance(material, PBRMaterial) and isinstance(material.baseColorTexture, Image.Image):
            return to_unit(np.array(material.baseColorTexture.convert("RGB")))
    raise UserError(f"{path}: has no texture; expected a GLB that synclab has written")


def to_glb(model: MeshModel, texture: Tensor) -> bytes:
    """The mesh with its texture (3, H, W) as a binary glTF file."""
    material = PBRMaterial(
        name="texture",
        baseColorTexture=Image.fromarray(to_bytes(texture)),
        metallicFactor=0.0,
        roughnessFactor=1.0,
    )
    data = with_material(model, material).export(file_type="glb", include_normals=True)
    assert isinstance(data, bytes)
    return data


def to_obj(model: MeshModel, texture: Tensor, name: str) -> bytes:
    """The mesh with its texture (3, H, W) as a ZIP file of NAME.obj, NAME.mtl and NAME.png."""
    material = SimpleMaterial(
        name=name, image=Image.fromarray(to_bytes(texture)), diffuse=WHITE, ambient=WHITE,
        specular=BLACK,
    )  # fmt: skip
    text, files = export_obj(
        with_material(model, material), include_normals=True, return_texture=True, header="",
        mtl_name=f"{name}.mtl",
    )  # fmt: skip
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.obj", text)
        for file, content in files.items():
            archive.writestr(file, content)
    return buffer.getvalue()


def with_material(model: MeshModel, material: Material) -> trimesh.Trimesh:
    """The mesh as trimesh writes it, vertices in their order."""
    visual = TextureVisuals(uv=model.uv.numpy(), material=material)
    return trimesh.Trimesh(
        model.vertices.numpy(), model.faces.numpy(), visual=visual, process=False, validate=False
    )
