"""Synchronisation: project, gather and sync, and the adjoint of any projection."""

import torch
from torch import Tensor

from synclab.core.protocols import Denoiser, Space, Views
from synclab.core.schedule import Schedule


def stack_shape(views: Views, prior: Denoiser) -> tuple[int, int, int, int]:
    """(n, c, h, w) of the instance state of these views."""
    return (len(views), *prior.shape)


def project(space: Space, z: Tensor, views: Views) -> Tensor:
    """Instance state (n c h w) of the views of z, encoded where the canonical state is RGB."""
    return space.to_instance(space.project(z, views))


def gather(
    space: Space, x: Tensor, views: Views, old: Tensor | None = None, window: Tensor | None = None
) -> Tensor:
    """Closed-form argmin_z sum_c w_c ||f_c(z) - x_c||^2: the weighted mean of the views.

    `window` (h, w) weights the pixels of every view, for instance by closeness to the centre.

    Cells that no view sees keep their `old` value, or 0 if `old` is None. Means are taken in at
    least fp32, whatever the precision of the network.
    """
    y = space.to_canonical(x)
    y = y if y.dtype == torch.float64 else y.float()
    if window is None:
        return space.average(y, views, old)
    total, _ = space.scatter(y * window, views)
    weight, _ = space.scatter(window.expand_as(y), views)
    return weighted_mean(total, weight, old)


def pin(space: Space, z: Tensor) -> Tensor:
    """A clean state z (c, H, W) with the space's known region in it; z itself without one."""
    return z if space.known is None else space.known.put_into(z)


def pin_noisy(space: Space, z: Tensor, schedule: Schedule, eps: Tensor, t: int) -> Tensor:
    """`pin` for a state at time t: the known region is noised by eps (c, H, W)."""
    return z if space.known is None else space.known.noised(schedule, eps, t).put_into(z)


def weighted_mean(total: Tensor, weight: Tensor, old: Tensor | None) -> Tensor:
    """Weighted sums (c, H, W) over their weights; `old` (default 0) where the weight is 0."""
    seen = weight > 0
    return torch.where(seen, total / torch.where(seen, weight, 1), 0 if old is None else old)


def sync(space: Space, x: Tensor, views: Views) -> Tensor:
    """F(G(x)): gathers the views and projects the result back to each of them."""
    return project(space, gather(space, x, views), views)


def adjoint_scatter(space: Space, y: Tensor, views: Views) -> tuple[Tensor, Tensor]:
    """Default scatter of any linear projection: (J^T y, J^T 1), the transpose by autograd.

    Valid for every `project`; spaces override it where the papers use another inverse, or where it
    would leave holes (a canvas finer than its views).
    """
    z = torch.zeros(space.shape, dtype=y.dtype, device=y.device, requires_grad=True)
    with torch.enable_grad():
        seen = space.project(z, views)
    (total,) = torch.autograd.grad(seen, z, y, retain_graph=True)
    (weight,) = torch.autograd.grad(seen, z, torch.ones_like(y))
    return total, weight[:1]
