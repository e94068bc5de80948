"""Markdown tables of the model cards, and how their numbers read."""

from torch import nn


def parameters(module: nn.Module) -> str:
    return f"{sum(p.numel() for p in module.parameters()) / 1e6:.2f} M"


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
