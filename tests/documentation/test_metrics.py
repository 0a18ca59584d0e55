"""The table of metrics is what a scrape tells, and the rules and the dashboard ask for what exists."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from documentation.documents import METRICS, ROOT, TEXTS
from prometheus_client.parser import text_string_to_metric_families

from bridge.errors import AuthFailure
from bridge.metrics import GAUGES, GaugeDescription

NO_GAUGE = GaugeDescription("")


def documented_metrics() -> dict[str, tuple[str, list[str]]]:
    """Type and labels of each metric in deploy/metrics.md."""
    rows = re.findall(r"^\| `(bridge_\w+)` \| (\w+) \| (.*?) ?\|", TEXTS[METRICS], re.MULTILINE)
    return {name: (kind, re.findall(r"`(\w+)`", labels)) for name, kind, labels in rows}


def test_the_table_of_metrics_is_what_a_scrape_shows(app: Any) -> None:
    scrape = text_string_to_metric_families(app.test_client().get("/metrics").text)
    found = {f"{family.name}_total" if family.type == "counter" else family.name: family for family in scrape}
    documented = documented_metrics()
    assert documented.keys() == found.keys()
    for name, (kind, labels) in documented.items():
        reported = {label for sample in found[name].samples for label in sample.labels} - {"le"}
        assert (kind, set(labels)) == (
            found[name].type,
            reported or set(GAUGES.get(name, NO_GAUGE).labels),
        ), name


def test_metrics_have_a_prefix_base_units_and_help(app: Any) -> None:
    for family in text_string_to_metric_families(app.test_client().get("/metrics").text):
        assert family.name.startswith("bridge_")
        assert family.documentation.endswith((".", "never", "none"))
        assert not re.search(r"_(minutes|hours|ms|milliseconds|percent)(_|$)", family.name)


MONITORING = ROOT / "deploy/monitoring"


def expressions() -> Iterator[tuple[str, str]]:
    """Each expression of the rules and of the dashboard, with what it is for."""
    for group in yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"]["summary"].endswith(".")
            yield rule["alert"], rule["expr"]
    for panel in json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def test_every_alert_has_its_section_in_the_runbook_and_links_to_it() -> None:
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    rules = {rule["alert"]: rule["annotations"]["runbook_url"] for group in groups for rule in group["rules"]}
    runbook = TEXTS[ROOT / "deploy/operate.md"].partition("\n## Runbook\n")[2]
    sections = dict(re.findall(r"^### (\w+)\n\n(.+?)$", runbook, re.MULTILINE))
    assert sections.keys() == rules.keys()
    assert rules == {name: f"deploy/operate.md#{name.lower()}" for name in rules}
    causes = re.findall(r"^\| (.+?) \|", runbook, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(causes))) == {failure.value for failure in AuthFailure}
    for section in re.split(r"^### \w+$", runbook, flags=re.MULTILINE)[1:]:
        assert re.search(r"^(1\. |\| )", section, re.MULTILINE), section


@pytest.mark.parametrize(("what", "expression"), list(expressions()))
def test_rules_and_dashboard_ask_for_metrics_and_labels_that_exist(what: str, expression: str) -> None:
    known = documented_metrics()
    asked = re.findall(r"\bbridge_\w+", expression)
    assert asked
    names = {re.sub(r"_(bucket|sum|count)$", "", name) if name not in known else name for name in asked}
    assert names <= known.keys()
    labels = {label for name in names for label in known[name][1]} | {"le"}
    for found in re.findall(r"by \(([\w, ]+)\)", expression):
        assert set(found.split(", ")) <= labels
    for label in re.findall(r"[{,](\w+)[!=]", expression):
        assert label in labels
    assert expression.count("(") == expression.count(")")


def test_the_dashboard_shows_every_metric_or_a_rule_watches_it() -> None:
    text = " ".join(expression for _, expression in expressions())
    missing = [name for name in documented_metrics() if name not in text]
    assert missing == ["bridge_events_duplicate_total"]
