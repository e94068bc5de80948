"""Colours: what each time of day does to the sky and to the light, and small colour helpers."""

import torch
from torch import Tensor

TIMES = ["day", "sunset", "night", "dawn"]

# Three sky stops (horizon, some 15 degrees up, zenith), the light on things, and the haze.
HORIZON = [(0.78, 0.90, 0.98), (1.00, 0.62, 0.22), (0.20, 0.29, 0.56), (1.00, 0.82, 0.74)]
MIDDLE = [(0.50, 0.74, 0.97), (0.93, 0.42, 0.34), (0.11, 0.17, 0.43), (0.95, 0.76, 0.84)]
ZENITH = [(0.14, 0.40, 0.86), (0.33, 0.20, 0.52), (0.05, 0.08, 0.28), (0.64, 0.64, 0.90)]
LIGHT = [(1.00, 1.00, 1.00), (0.92, 0.60, 0.42), (0.40, 0.50, 0.88), (0.92, 0.82, 0.92)]
HAZE = [(0.74, 0.85, 0.95), (0.92, 0.52, 0.33), (0.17, 0.25, 0.50), (0.96, 0.80, 0.80)]
CLOUD = [(1.00, 1.00, 1.00), (1.00, 0.55, 0.42), (0.34, 0.40, 0.66), (1.00, 0.88, 0.88)]
SUN = [(1.00, 0.98, 0.86), (1.00, 0.90, 0.55), (0.97, 0.97, 0.90), (1.00, 0.95, 0.84)]


def colour(red: float, green: float, blue: float) -> Tensor:
    """One fixed colour as (1, 3, 1, 1), ready to broadcast over a batch of views."""
    return torch.tensor([red, green, blue]).view(1, 3, 1, 1)


def by_time(table: list[tuple[float, float, float]], time: Tensor) -> Tensor:
    """Row of a table above for each scene: time (n,) -> (n, 3, 1, 1)."""
    return torch.tensor(table)[time].view(-1, 3, 1, 1)


def hue(turn: Tensor, saturation: float, value: float) -> Tensor:
    """Colour of a hue in turns: (n, 1, h, w) -> (n, 3, h, w)."""
    shift = torch.tensor([0.0, 2 / 3, 1 / 3]).view(1, 3, 1, 1)
    wheel = (((turn + shift) % 1) * 6 - 3).abs().sub(1).clamp(0, 1)
    return value * (1 - saturation + saturation * wheel)


def choose(options: list[Tensor], chance: Tensor) -> Tensor:
    """One of the colours by a uniform chance (n, 1, h, w) -> (n, 3, h, w)."""
    table = torch.cat(options).view(len(options), 3)
    index = (chance * len(options)).long().clamp(0, len(options) - 1)[:, 0]
    return table[index].permute(0, 3, 1, 2).contiguous()


def mix(first: Tensor, second: Tensor, amount: Tensor | float) -> Tensor:
    """Linear blend: `first` where amount is 0, `second` where it is 1; everything broadcasts."""
    return torch.lerp(first, second, amount)
