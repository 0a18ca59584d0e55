"""The text of an alert: a title and findings grouped by subject, with links."""

from collections.abc import Sequence
from itertools import groupby

from bridge.alerts.finding import Finding, FindingKind


def message(news: Sequence[Finding], endings: Sequence[str], public_url: str | None) -> tuple[str, str]:
    """A title and a text. Without `public_url` there are no links, because the address is unknown."""
    parts = []
    for kind, group in groupby(news, key=lambda finding: finding.kind):
        of_kind = list(group)
        parts.append("\n".join([kind.heading, *_lines(of_kind, public_url)]))
    if endings:
        parts.append("\n".join(["Over", *(f"- {ending}" for ending in endings)]))
    return _title(news, endings), "\n\n".join(parts)


def _lines(findings: Sequence[Finding], public_url: str | None) -> list[str]:
    """A line each; the link once where all have the same page."""
    pages = {finding.page for finding in findings}
    lines = []
    for finding in findings:
        lines += [f"- {line}" for line in finding.lines]
        if public_url and len(pages) > 1:
            lines.append(f"  {public_url}{finding.page}")
    if public_url and len(pages) == 1:
        lines.append(f"{public_url}{pages.pop()}")
    return lines


def _title(news: Sequence[Finding], endings: Sequence[str]) -> str:
    if not news:
        return endings[0].rstrip(".") if len(endings) == 1 else f"{len(endings)} things are well again"
    kinds = list(dict.fromkeys(finding.kind for finding in news))
    if kinds == [FindingKind.UNSENT] and len(news) == 1:
        return news[0].lines[0].partition(":")[0] + " and is not in the PMS as booked"
    return "; ".join(kind.heading for kind in kinds[:2]) + ("; and more" if len(kinds) > 2 else "")  # noqa: PLR2004 - a title is one line
