"""The mapping that a new name begins with reads its own example payloads, and lacks only a link."""

import json
from pathlib import Path

import pytest

from bridge.mapping.catalogue import load_file
from bridge.mapping.scaffold.skeleton import example_payloads, skeleton_of
from bridge.mapping_checks.contract import accept, check

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["acme", "acme_tours", "a1", "in_house_2"])
def test_a_skeleton_with_its_payloads_is_a_mapping_that_lacks_only_the_link(
    tmp_path: Path, name: str
) -> None:
    samples = tmp_path / "samples" / name
    samples.mkdir(parents=True)
    for sample, body in example_payloads().items():
        (samples / f"{sample}.json").write_text(body)
    for docs, lacks in ((None, ["link the page"]), ("https://acme.example/docs", [])):
        (tmp_path / f"{name}.py").write_text(skeleton_of(name, docs))
        file = load_file(tmp_path / f"{name}.py")
        accept(file)
        findings = check(file)
        assert len(findings) == len(lacks), findings
        assert all(words in finding for words, finding in zip(lacks, findings, strict=True))
    booked = json.loads((samples / "booked.booking.json").read_text())
    assert booked["reference"] == "7"
    assert booked["contact"]["phone"] == "+15125550142"


def test_it_shows_what_the_guide_teaches() -> None:
    guide = (ROOT / "mappings" / "README.md").read_text(encoding="utf-8")
    fields = [line.strip() for line in skeleton_of("acme", None).splitlines() if " = fields." in line]
    taught = [line for line in fields if not line.startswith("#") and line in guide]
    assert len(taught) >= 6, fields
