"""The sentences of answers: ours in five languages, or those of a source, with the same variables."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from bridge.availability.listing import Slot
from bridge.replies.rules import Situation
from bridge.settings import Property
from bridge.widget.words import Words, words

VARIABLES = ("property", "when", "day", "time", "zone", "times", "office", "phone", "tour_link")
"""What may stand in braces in a sentence."""
_VARIABLE = re.compile(r"\{(" + "|".join(VARIABLES) + r")\}")


@dataclass(frozen=True)
class Context:
    """What a sentence can name. Absent is empty."""

    language: str
    place: Property | None = None
    start: datetime | None = None
    """In the zone of the property."""
    times: Sequence[Slot] = ()
    tour_link: str = ""


@cache
def sentences(language: str) -> Mapping[str, str]:
    """Our sentences in a language, by situation."""
    file = files(__package__).joinpath("texts", f"{language}.json")
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


def sentence(situation: Situation, context: Context, own: Mapping[str, Mapping[str, str]]) -> str:
    """What a person reads; `own` are the sentences of the source, by language and situation."""
    template = own.get(context.language, {}).get(situation) or sentences(context.language)[situation]
    return fill_in(template, context)


def fill_in(template: str, context: Context) -> str:
    """A sentence with its variables; what is unknown is left empty."""
    values = values_of(context)
    filled = _VARIABLE.sub(lambda found: values[found[1]], template)
    filled = re.sub(r"(?<!\.)\.\.(?!\.)", ".", filled)  # `3:00 p.m.` at the end of a sentence
    return re.sub(r" {2,}", " ", filled).strip()


def values_of(context: Context) -> dict[str, str]:
    """The value of each variable."""
    texts, place, start = words(context.language), context.place, context.start
    phone = (place.phone if place else None) or ""
    first = start or (context.times[0].start if context.times else None)
    numbered = [f"{item['number']}) {item['label']}" for item in times_as_data(context.times, texts)]
    return {
        "property": (place.name or place.key) if place else "",
        "when": texts.when(start) if start else "",
        "day": texts.day(start.date()) if start else "",
        "time": texts.time(start) if start else "",
        "zone": texts.zone(first) if first else "",
        "times": "; ".join(numbered),
        "office": sentences(context.language)["office"].replace("{phone}", phone) if phone else "",
        "phone": phone,
        "tour_link": context.tour_link,
    }


def times_as_data(times: Sequence[Slot], texts: Words) -> list[dict[str, Any]]:
    """The free times for a program: post `start` back as it is, or the number."""
    return [
        {
            "number": number,
            "start": slot.start.isoformat(),
            "label": f"{texts.short_day(slot.start.date())}, {texts.time(slot.start)}",
        }
        for number, slot in enumerate(times, 1)
    ]
