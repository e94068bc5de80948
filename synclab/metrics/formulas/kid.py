"""Kernel distance of two sets of features: an unbiased squared MMD with a cubic kernel.

Binkowski et al., Demystifying MMD GANs (1801.01401), section 4. Papers print it times 1000.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from synclab.errors import UserError
from synclab.metrics.formulas.matrices import Matrix, pair


def kernel_distance(generated: ArrayLike, reference: ArrayLike) -> float:
    """One evaluation over all images (n, d) and (m, d): deterministic, without bias in n or m.

    Near zero for equal distributions, where it may be negative.
    """
    x, y = pair(generated, reference, "kid", least=2)
    return _within(x) + _within(y) - 2 * float(kernel(x, y).mean())


def kernel(x: Matrix, y: Matrix) -> Matrix:
    """(x.y / d + 1)^3 of every pair."""
    base = x @ y.T / x.shape[1] + 1
    return base * base * base  # numpy's power takes 15 times as long


def _within(x: Matrix) -> float:
    """Mean kernel of two different images of a set."""
    values = kernel(x, x)
    return float((values.sum() - values.trace()) / (len(x) * (len(x) - 1)))


def kernel_distance_of_prompts(
    generated: ArrayLike,
    reference: ArrayLike,
    generated_prompts: Sequence[str],
    reference_prompts: Sequence[str],
) -> float:
    """The same for two sets that were made of the same prompts: unbiased for each prompt's images.

    Images of a prompt resemble each other. Where both sets hold the same few prompts, that raises
    the mean kernel between them more than within one, whose images are not paired with themselves,
    and `kernel_distance` of two equal sets falls below zero: to -0.096 for five prompts of ten
    images here. So each prompt's pairs are averaged by themselves first.

    Args: features (n, d) and (m, d), and the prompt of every row; at least two rows of each.
    """
    x, y = pair(generated, reference, "kid_prompts", least=2)
    own, other = shares(generated_prompts), shares(reference_prompts)
    within = _within_prompts(x, generated_prompts) + _within_prompts(y, reference_prompts)
    return within - 2 * float(own @ kernel(x, y) @ other)


def shares(prompts: Sequence[str]) -> Matrix:
    """The weight of every row if all prompts count equally: (n,), with sum 1."""
    counts = Counter(prompts)
    return np.array([1 / (len(counts) * counts[prompt]) for prompt in prompts])


def _within_prompts(x: Matrix, prompts: Sequence[str]) -> float:
    """Mean kernel over pairs of prompts, each the mean over its pairs of different images."""
    counts = Counter(prompts)
    alone = [prompt for prompt, count in counts.items() if count < 2]
    if alone:
        raise UserError(f"kid_prompts: one image of {alone[0]!r}; expected at least two of each")
    sizes, labels = (
        np.array([counts[p] for p in prompts]),
        np.unique(prompts, return_inverse=True)[1],
    )
    same = labels[:, None] == labels
    weights = np.outer(shares(prompts), shares(prompts)) * np.where(same, sizes / (sizes - 1), 1)
    np.fill_diagonal(weights, 0)
    return float((weights * kernel(x, x)).sum())


def kernel_distance_of_subsets(
    generated: ArrayLike,
    reference: ArrayLike,
    subsets: int = 100,
    size: int = 1000,
    seed: int = 0,
) -> float:
    """The papers' form: mean over random subsets of `size` images, fewer where a set is smaller.

    Draws as clean-fid does, which takes numpy's global generator instead of a seed.
    """
    x, y = pair(generated, reference, "kid", least=2)
    random = np.random.RandomState(seed)
    count = min(len(x), len(y), size)
    draws = (
        (random.choice(len(y), count, replace=False), random.choice(len(x), count, replace=False))
        for _ in range(subsets)
    )
    return float(np.mean([kernel_distance(x[own], y[other]) for other, own in draws]))
