"""Classifies the questions of a form: the renter or another person, the tour's time or another date.

One classifier for all form and scheduler mappings. `asked(answers)` sorts a form's answers by what was asked; labels
are cleaned first, so that `📅 **Tour date** (required)`, `tour_date` and `2. Tour date:` are one question.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import unescape
from typing import Any

from bridge.mapping import question_words as words
from bridge.mapping.absent import is_no_value
from bridge.mapping.moments import is_clock, is_dated

LONGEST_LABEL = 300
"""Characters of a label that are looked at."""
MOST_ANSWERS = 500

OTHER_PERSON, OTHER_DATE = "other_person", "other_date"


@lru_cache(maxsize=4096)
def cleaned(label: str) -> str:
    """A label in small letters, without emoji, numbering, markup, placeholders, accents and punctuation."""
    text = unescape(label[:LONGEST_LABEL])
    text = re.sub(r"\{\{[^{}]*\}\}|\{[^{}]*\}|<[^<>]*>|%[A-Za-z_]+%|\[[^\[\]]*\]", " ", text)
    text = re.sub(r"(?<=[a-z])(?:(?=[A-Z])|\(s\))", " ", text)
    text = unicodedata.normalize("NFD", text).casefold()
    text = "".join(char if char.isalnum() else "" if unicodedata.combining(char) else " " for char in text)
    text = re.sub(r"\bno label\b|\b(?:optional|required|mandatory)\b", " ", " ".join(text.split()))
    text = re.sub(r"^\s*(?:q(?:uestion)?\s?)?\d{1,2}\s+(?=\S)", "", text.strip())
    text = re.sub(r"(?<=[a-z])\d{1,2}$", "", text)
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def topic(label: str) -> str | None:
    """What a question asks for, as a key of `asked`; `other_person` or `other_date`; `None` if it is unclear."""
    text = cleaned(label)
    if not text:
        return None
    for name, pattern in words.PATTERNS.items():
        if re.fullmatch(pattern, text):
            return name
    if found := _of_person(text):
        return found
    return _of_time(text)


def _of_person(text: str) -> str | None:
    found = _person_topic(text)
    return (
        OTHER_PERSON if found and words.OTHER_PERSON.search(text) else None if found == "nothing" else found
    )


def _person_topic(text: str) -> str | None:
    """`nothing` where it is about a name, a number or an address, and of no person's."""
    if words.EMAIL.search(text):
        return "email"
    if words.PHONE.search(text):
        return "nothing" if words.HOUR.search(text) else "phone"
    names = {"name": words.BOTH, "first_name": words.FIRST, "last_name": words.LAST}
    found = next((name for name, pattern in names.items() if pattern.search(text)), None)
    if found is None and words.NAME.search(text):
        return "nothing" if words.NOT_THE_NAME.search(text) else "name"
    return found


def _of_time(text: str) -> str | None:
    has_day, has_hour, has_when = (
        bool(words.DAY.search(text)),
        bool(words.HOUR.search(text)),
        bool(words.WHEN.search(text)),
    )
    is_other = words.OTHER_DATE.search(text) or (
        words.OTHER_UNLESS_TOUR.search(text) and not words.TOUR.search(text)
    )
    if not (has_day or has_hour or has_when):
        return OTHER_PERSON if words.OTHER_PERSON.search(text) else OTHER_DATE if is_other else None
    if is_other or (words.OTHER_PERSON.search(text) and not words.TOUR.search(text)):
        return OTHER_DATE
    if has_when or (has_day and has_hour):
        return "tour_start"
    return "tour_date" if has_day else "tour_time"


_LOOKS = {
    "email": re.compile(r"\s*<?[^@\s]+@[^@\s]+\.[^@\s]+\s*"),
    "phone": re.compile(r"(?!\s*\d{4}-\d\d-\d\d)\s*(?:[+(]\s?)?\d(?:[\s().-]?\d){8,14}\s*"),
}
_TYPES = {
    "email": re.compile(r"e.?mail", re.IGNORECASE),
    "phone": re.compile(r"phone|^tel$", re.IGNORECASE),
    "tour_date": re.compile(r"^(?:input_)?date$", re.IGNORECASE),
    "tour_time": re.compile(r"^(?:input_)?time$", re.IGNORECASE),
    "tour_start": re.compile(r"^(?:input_)?date.?time(?:.local)?$", re.IGNORECASE),
}


def asked(answers: Any) -> dict[str, Any]:
    """The answers by what was asked: `first_name`, `last_name`, `name`, `email`, `phone`, `tour_start`, `tour_date`,
    `tour_time`, `tour_type`, `property`, `unit`, `agent`, `lead_source`, `lead_id`, `message`; and `others`, pairs of
    label and value.

    `answers` is a list of `{"label", "value"}`, with a `name` of the question and a `type` where there is one, or an
    object whose keys are the labels. Of several answers to one question the most plausible counts. A value
    without a matching question is found by type or by its form, but only where exactly one answer can be meant.
    """
    listed = [answer for answer in _listed(answers) if not is_no_value(answer["value"])]
    by_topic: dict[str, list[dict[str, Any]]] = {}
    for answer in listed:
        by_topic.setdefault(_topic_of(answer) or "", []).append(answer)
    found: dict[str, Any] = {}
    used: list[int] = []
    for name, candidates in by_topic.items():
        if name in ("", OTHER_PERSON, OTHER_DATE):
            continue
        best = min(candidates, key=lambda answer, name=name: _rank(name, answer))  # type: ignore[misc]
        found[name] = best["value"]
        used.append(id(best))
    for name, answer in _by_type(found, by_topic):
        found[name] = answer["value"]
        used.append(id(answer))
    _split_names(found)
    rest = [
        answer
        for answer in listed
        if id(answer) not in used and answer["type"] not in ("hidden", "HIDDEN_FIELDS")
    ]
    if "tour_start" in found and not is_dated(found["tour_start"]):
        start = found.pop("tour_start")
        found.setdefault("tour_time" if is_clock(start) else "tour_date", start)
    pairs = [[answer["label"] or answer["name"], answer["value"]] for answer in rest]
    return {**found, "others": [pair for pair in pairs if not isinstance(pair[1], Mapping)]}


def _split_names(found: dict[str, Any]) -> None:
    """Beside a first name, what is asked for as the name alone is the last one: `Prénom` and `Nom`."""
    first, name = found.get("first_name"), found.get("name")
    if not isinstance(first, str) or not isinstance(name, str) or "last_name" in found:
        return
    if first.casefold() not in name.casefold():
        found["last_name"] = found.pop("name")


def _listed(answers: Any) -> Iterable[dict[str, Any]]:
    if isinstance(answers, Mapping):
        answers = [{"label": key, "value": value} for key, value in answers.items()]
    for answer in answers[:MOST_ANSWERS] if isinstance(answers, list) else []:
        if isinstance(answer, Mapping):
            value = answer.get("value")
            value = value[0] if isinstance(value, list) and len(value) == 1 else value
            texts = {name: str(answer.get(name) or "") for name in ("label", "name", "type")}
            texts["type"] = texts["type"] or _type_of(value)
            yield {**texts, "value": value}


def _type_of(value: Any) -> str:
    """The type by the parts of a value: a date, a time, a phone number or a name in several inputs."""
    keys = (
        {re.sub(r"[^a-z]", "", str(key).casefold()) for key in value} if isinstance(value, Mapping) else set()
    )
    if "year" in keys:
        return "datetime" if {"hour", "timeinput"} & keys else "date"
    if {"hour", "timeinput"} & keys:
        return "time"
    if {"full", "area", "phone"} & keys:
        return "phone"
    return ""


def _topic_of(answer: Mapping[str, Any]) -> str | None:
    """By the name that the form's author gave the question, if that says something, else by its label."""
    named = topic(answer["name"]) if answer["name"] else None
    by_label = topic(answer["label"])
    if by_label in (OTHER_PERSON, OTHER_DATE):
        return by_label
    return named or by_label


def _rank(name: str, answer: Mapping[str, Any]) -> tuple[bool, bool, bool, bool]:
    """The smaller, the likelier: it looks like an answer, the question is not about a second, it says no more than what
    it asks for, or names the tour, and the answer is of the type."""
    look, kind = _LOOKS.get(name), _TYPES.get(name)
    text = answer["value"] if isinstance(answer["value"], str) else ""
    wrong = name == "email" and "@" not in str(answer["value"])
    wrong |= name == "phone" and sum(char.isdigit() for char in str(answer["value"])) < 7  # noqa: PLR2004
    typed = bool(kind and kind.search(answer["type"])) or bool(look and look.fullmatch(text))
    label = cleaned(answer["label"] or answer["name"])
    expected = words.TOUR.search(label) if name.startswith("tour_") else words.PLAIN.fullmatch(label)
    return wrong, bool(words.RANK_LAST.search(label)), not expected, not typed


def _by_type(
    found: Mapping[str, Any], by_topic: Mapping[str, list[dict[str, Any]]]
) -> Iterable[tuple[str, dict[str, Any]]]:
    """For what no question asked by its words: the one answer of that type or look, if there is exactly one."""
    for name, kind in _TYPES.items():
        if name in found or (name.startswith("tour_") and "tour_start" in found and name != "tour_time"):
            continue
        look = _LOOKS.get(name)
        candidates = [
            answer
            for answer in [*by_topic.get("", []), *(by_topic.get(OTHER_DATE, []) if look else [])]
            if kind.search(answer["type"])
            or (look and isinstance(answer["value"], str) and look.fullmatch(answer["value"]))
        ]
        if len(candidates) == 1:
            yield name, candidates[0]
    if found.keys().isdisjoint(("tour_start", "tour_date")):
        whole = [answer for answer in by_topic.get("", []) if _is_tour_start(answer)]
        if len(whole) == 1:
            yield "tour_start", whole[0]


def _is_tour_start(answer: Mapping[str, Any]) -> bool:
    """Whether the question speaks of the tour only, and the answer has its date and time: `Your appointment`."""
    return bool(words.TOUR.search(cleaned(answer["label"] or answer["name"]))) and is_dated(answer["value"])


def pairs(values: Any, summary: Any) -> list[dict[str, Any]]:
    """The answers of an object, each with the label that a summary such as `Label:value, Label:value` gives it."""
    if not isinstance(values, Mapping):
        return []
    text = unescape(summary) if isinstance(summary, str) else ""
    place, answers = 0, []
    for name, value in values.items():
        label = ""
        plain = unescape(value).strip() if isinstance(value, str) else None
        shown = _of_inputs(value) if isinstance(value, Mapping) else plain
        at = text.find(f":{shown}", place) if shown else -1
        if shown and at >= 0:
            label = text[place:at].strip(" ,").rpartition(", ")[2].strip()
            place = at + len(shown) + 1
        answers.append({"name": str(name), "label": label, "value": plain if plain is not None else value})
    return answers


def _of_inputs(parts: Mapping[str, Any]) -> str:
    """What a summary shows of an answer in several inputs: `(512) 555-0142`, `Maya Okafor`."""
    full = parts.get("full")
    shown = [full] if isinstance(full, str) else [each for each in parts.values() if isinstance(each, str)]
    return " ".join(each.strip() for each in shown if each.strip())
