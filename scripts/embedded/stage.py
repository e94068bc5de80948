"""A stage of `python -m scripts.embedded`: adds its options, and returns what it does with them."""

import argparse
from collections.abc import Callable

from .training.trainer import Plan

Run = Callable[[argparse.Namespace], None]
Stage = Callable[[argparse.ArgumentParser], Run]


def training(parser: argparse.ArgumentParser, steps: int, batch: int) -> None:
    """Options of a training that may be prolonged."""
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16")
    parser.add_argument("--cooldown", type=int, default=0, help="last steps, of falling rate")


def plan(args: argparse.Namespace) -> Plan:
    return Plan(args.steps, args.cooldown, args.batch, args.device, args.seed, args.bf16)
