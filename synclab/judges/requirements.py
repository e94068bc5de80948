"""Requirements of the papers' networks on this machine, checked before any import."""

import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path

from synclab.core.torchvision_build import check_torchvision
from synclab.errors import UserError

DOCTOR = "python -m synclab.doctor lists what is missing"


def check_package(name: str) -> None:
    """Checks a package of the extra `eval`.

    Raises: UserError if it is missing, or if torchvision, which all of them need, is broken.
    """
    if importlib.util.find_spec(name) is None:
        raise UserError(f"no package {name}: pip install -e '.[eval]'")
    check_torchvision()


@dataclass(frozen=True)
class Weights:
    """A file in torch's cache, under the name by which other libraries download it too."""

    file: str
    url: str

    @property
    def path(self) -> Path:
        home = os.environ.get("TORCH_HOME") or Path.home() / ".cache" / "torch"
        return Path(home) / "hub" / "checkpoints" / self.file

    @property
    def command(self) -> str:
        """Shell command that downloads the file."""
        return f"curl -L --create-dirs -o {self.path} {self.url}"

    @property
    def known(self) -> str | None:
        """First digits of the published file's SHA-256, if its name ends in them."""
        found = re.search(r"-([0-9a-f]{8})\.pth$", self.file)
        return found[1] if found else None

    def check(self) -> None:
        """Raises a UserError with the command that downloads the file if it is missing."""
        if not self.path.is_file():
            raise UserError(f"no {self.file}: {self.command}")


CLEAN_INCEPTION = Weights(
    "inception-2015-12-05.pt",
    "https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/metrics/inception-2015-12-05.pt",
)
INCEPTION_LOGITS = Weights(
    "weights-inception-2015-12-05-6726825d.pth",
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
)
VGG16 = Weights("vgg16-397923af.pth", "https://download.pytorch.org/models/vgg16-397923af.pth")
VGG19 = Weights("vgg19-dcbb9e9d.pth", "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth")
BRISQUE_SVM = Weights(
    "brisque_svm_weights.pt",
    "https://github.com/photosynthesis-team/piq/releases/download/v0.4.0/brisque_svm_weights.pt",
)


@dataclass(frozen=True)
class HubWeights:
    """A file of a repository in the Hub's local cache."""

    repository: str
    file: str

    @property
    def path(self) -> Path | None:
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(self.repository, self.file)
        return Path(found) if isinstance(found, str) else None

    @property
    def command(self) -> str:
        """Shell command that downloads the file."""
        return f"hf download {self.repository} {self.file}"

    @property
    def known(self) -> str | None:
        """SHA-256 of the published file, which is the name of large files in the Hub's cache."""
        name = self.path.resolve().name if self.path else ""
        return name if re.fullmatch("[0-9a-f]{64}", name) else None

    def check(self) -> None:
        if self.path is None:
            raise UserError(f"no {self.repository} in the Hub's cache: {self.command}")


def clip_weights(repository: str) -> HubWeights:
    """Weights of a CLIP model as open_clip reads them."""
    return HubWeights(repository, "open_clip_model.safetensors")
