"""A protocol that makes other numbers has another version."""

from pathlib import Path

import pytest

from synclab.config.yaml_files import read_yaml
from synclab.metrics.protocol import FOLDER, Protocol, read

HASHES = Path(__file__).with_name("protocol_hashes.yaml")
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def known() -> dict[str, dict[int, str]]:
    """Hash of each version of each protocol."""
    return read_yaml(HASHES)


def protocol(name: str) -> Protocol:
    return Protocol(name, "any", read(FOLDER / f"{name}.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_protocol_is_what_its_version_says(name: str) -> None:
    found = protocol(name)
    version = found.body["version"]
    assert known().get(name, {}).get(version) == found.hash, (
        f"conf/eval/{name}.yaml is not its version {version} any more: raise `version` and add"
        f" `{version + 1}: HASH` to {HASHES.name}; a new protocol gets a line there"
    )


def test_versions_of_a_protocol_differ() -> None:
    for name, versions in known().items():
        assert len(set(versions.values())) == len(versions), name


@pytest.mark.parametrize(
    ("name", "part"), [("paper_panorama", "tasks"), ("embedded_world", "reference")]
)
def test_any_change_of_content_is_seen(name: str, part: str) -> None:
    """The version belongs to the hash, what a protocol says of itself does not."""
    found = protocol(name)
    changed, retold = ({**found.body, key: {}} for key in (part, "about"))
    assert Protocol(name, "any", changed).hash != found.hash
    assert Protocol(name, "any", retold).hash == found.hash
