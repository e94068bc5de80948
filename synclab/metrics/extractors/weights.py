"""Identities of downloaded weights, by their content."""

from synclab.core.file_hash import file_hash
from synclab.errors import UserError
from synclab.judges.requirements import HubWeights, Weights


def identify(*weights: Weights | HubWeights) -> str:
    """Names and hashes of files; one that is not known to be the published file is "custom".

    The names of PyTorch's files end in the first digits of their SHA-256, and the Hub's cache
    names large files by theirs, so both can be verified without a download.

    Raises: UserError where a file is missing.
    """
    return " ".join(map(describe, weights))


def describe(weights: Weights | HubWeights) -> str:
    weights.check()
    if weights.path is None:
        raise UserError(f"{weights.file}: not on this machine")
    found = file_hash(weights.path)
    known = weights.known and found.startswith(weights.known)
    return f"{weights.file} {found[:12]}{'' if known else ' (custom)'}"
