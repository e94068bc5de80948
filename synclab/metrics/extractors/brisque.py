"""BRISQUE: how natural a view looks, without a reference (Mittal et al., TIP 2012)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from synclab.judges.requirements import BRISQUE_SVM, check_package
from synclab.metrics.extractors import Cut, Outputs
from synclab.metrics.extractors.weights import identify
from synclab.store.pictures import UnusableError


@dataclass(frozen=True)
class Brisque:
    """`score` (n, 1) of the views, by piq with the support vector machine of the authors' code."""

    device: str = "cpu"
    name = "brisque"

    @cached_property
    def identity(self) -> str:
        return f"piq {identify(BRISQUE_SVM)}"

    def check(self) -> None:
        check_package("piq")
        BRISQUE_SVM.check()

    def __call__(self, cut: Cut) -> Outputs:
        from piq import brisque  # pyright: ignore[reportMissingImports]

        views = cut.views.to(self.device).float()
        try:
            scores = brisque(views, data_range=255, reduction="none")
        except AssertionError as error:  # of piq: its statistics need some texture in every view
            raise UnusableError(f"no BRISQUE of a flat view: {error}") from error
        return {"score": scores.reshape(-1, 1).cpu().numpy()}
