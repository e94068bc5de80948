"""Random streams that do not depend on method, batch, shard or order."""

import torch
from torch import Tensor

from synclab.core.hashing import digest


class Streams:
    """One CPU generator for each purpose, seeded from (key, purpose).

    The key is (task, prompt, seed) of a sample, so every method of a row starts from the same
    noise, on any device and in any order.
    """

    def __init__(
        self, *key: object, device: str = "cpu", dtype: torch.dtype = torch.float32
    ) -> None:
        self.key, self.device, self.dtype = key, device, dtype
        self._generators: dict[str, torch.Generator] = {}

    def generator(self, purpose: str) -> torch.Generator:
        if purpose not in self._generators:
            seed = int(digest(*self.key, purpose)[:15], 16)
            self._generators[purpose] = torch.Generator().manual_seed(seed)
        return self._generators[purpose]

    def normal(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        """Standard normal noise, drawn on the CPU in double precision and then moved."""
        noise = torch.randn(shape, generator=self.generator(purpose), dtype=torch.float64)
        return noise.to(self.dtype).to(self.device)

    def uniform(self, purpose: str, low: float, high: float, count: int) -> list[float]:
        """`count` numbers in [low, high)."""
        draw = torch.rand(count, generator=self.generator(purpose), dtype=torch.float64)
        return (low + (high - low) * draw).tolist()

    def integer(self, purpose: str, low: int, high: int) -> int:
        """An integer in [low, high], both included."""
        return int(torch.randint(low, high + 1, (), generator=self.generator(purpose)))
