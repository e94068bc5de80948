"""Pixels inside triangles in the plane."""

from collections.abc import Iterator

from torch import Tensor

from synclab.spaces.raster.boxes import pixels_in_boxes


def covered(corners: Tensor, height: int, width: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Pixels whose centres lie in triangles (f, 3, 2) of columns and rows.

    Yields, in chunks, flat indices of pixels (m,), triangles (m,) and barycentric coordinates
    (m, 3). A centre on an edge belongs to the triangles on both sides of it.
    """
    for pixels in pixels_in_boxes(corners.amin(1), corners.amax(1), height, width):
        weight = barycentric(corners[pixels.box], pixels.column, pixels.row)
        kept = (weight >= -1e-9).all(1).nonzero()[:, 0]  # drops NaN, of degenerate triangles
        yield (pixels.row * width + pixels.column)[kept], pixels.box[kept], weight[kept]


def barycentric(corners: Tensor, column: Tensor, row: Tensor) -> Tensor:
    """Barycentric coordinates (m, 3) of points in triangles (m, 3, 2); NaN without area."""
    x, y = (corners[..., axis] - at[:, None] for axis, at in ((0, column), (1, row)))
    i, j = [1, 2, 0], [2, 0, 1]
    area = x[:, i] * y[:, j] - x[:, j] * y[:, i]
    return area / area.sum(1, keepdim=True)
