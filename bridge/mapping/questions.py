"""What a question of a form asks for: about the renter or about somebody else, the tour's time or another date.

One classifier for all form and scheduler mappings. `asked(answers)` sorts a form's answers by what was asked; labels
are cleaned first, so that `📅 **Tour date** (required)`, `tour_date` and `2. Tour date:` are one question.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import unescape
from typing import Any

from bridge.mapping.absent import is_no_value
from bridge.mapping.moments import is_dated

LONGEST_LABEL = 300
"""Characters of a label that are looked at."""
MOST_ANSWERS = 500

OTHER_PERSON, OTHER_DATE = "other_person", "other_date"

_OTHER_PERSON = re.compile(
    r"\b(emergenc\w*|partner|spouse|wife|husband|fiance|boyfriend|girlfriend|room ?mates?|house ?mates?"
    r"|co ?(?:applicant|tenant|renter|signer|occupant|resident|borrower)s?|guarantors?|land ?lords?|landlady"
    r"|refer(?:red|rer|rers|ral|rals|ence|ences|s)?|realtors?|brokers?|agents?|friends?|employers?|supervisors?"
    r"|managers?|parents?|mother|father|guardian|compan(?:y|ies|ion)|pets?|dogs?|cats?|vehicles?|cars?"
    r"|(?:second|secondary|additional|another|other) (?:person|adult|applicant|tenant|occupant|guest|renter|resident)s?"
    r"|someone|somebody|their|his|her|kin|child|children|kids|occupants?|plus one|additional guests?|guests"
    r"|locators?|case ?workers?|case managers?|social workers?|assistants?|advocates?|accompan\w*"
    r"|(?:touring|coming|visiting|joining|moving(?: in)?|living) with|urgenc\w*|notfall\w*|referencias?"
    r"|pareja|conyuge|espos[oa]|partenaire|conjointe?|conjuge|lebensgefahrt\w*|ehe(?:mann|frau|partner\w*)"
    r"|vermieter\w*|proprietaire|caser[oa]|arrendador\w*|senhorio|locador\w*|garante?s?|fiador\w*|avalista|burge\w*"
    r"|padres?|madre|hij[oa]s?|empleador\w*|empregador\w*|jefe|chefe|employeur|arbeitgeber\w*|freund\w*|amig[oa]s?"
    r"|companer[oa]s?|companheir[oa]s?|colocataires?|mitbewohner\w*)\b"
)
_OTHER_DATE = re.compile(
    r"\b(mov(?:e|es|ing)|lease|birth(?:day|date)?|born|dob|occup\w*|call(?: ?back)?|callback|reach|contact|text you"
    r"|graduat\w*|employ\w*|hired?|jobs?|expir\w*|school|semester|arriv\w*|anniversary|sign(?:ed|ature)?|submi\w*"
    r"|need\w*|vacat\w*|evict\w*|notice|reference|license|start date|today s date|today|current\w*|hear|heard|mudanza"
    r"|nacimiento|emmenag\w*|einzug\w*|second choice|third choice|alternat\w*|back ?up|2nd|3rd|full time|part time"
    r"|first time|last time|created?|updated?|modified|timestamp|sent|received|entry|landed"
    r"|follow ?up|deadline|apply by|(?:last|previous|prior) (?:visit|tour|showing)|mudarse|mudan\w*|umzug\w*"
    r"|einzieh\w*|mietbeginn|demenag\w*|geburts\w*|naissance|nascimento|rappel\w*|ruckruf\w*|anruf\w*|llama\w*"
    r"|appel\w*|ligar|contrat\w*)\b"
)
_OTHER_UNLESS_TOUR = re.compile(
    r"\b(availab\w*|budget|income|rent|lead time|time ?zone|time ?frame|timeline)\b"
)
_TOUR = re.compile(
    r"\b(tour|visit|showing|viewing|appointment|schedule|come by|stop by|besichtigung|cita)\w*\b"
)
_BOTH = re.compile(r"\bfirst\b.*\blast\b")
_NOT_THE_NAME = re.compile(
    r"\b(compan\w*|pet|dog|cat|propert\w*|communit\w*|building|complex|unit|apartment|street|user ?name|file|maiden"
    r"|utm|form|page|campaign|event|entreprise|societe|empresa|firma|mascota|animal|haustier|condominio|edificio"
    r"|propiedad|comunidad|imovel|residence)\b"
)
_RANK_LAST = re.compile(r"\b(alternat\w*|secondary|second|backup|work|office|home|other|additional|2)\b")

_PLACE = r"(?:propert(?:y|ies)|(?:apartment )?(?:communit(?:y|ies)|complex(?:es)?)|buildings?)"
_ASKING = (
    r"(?:(?:please )?(?:select|choose|pick) |(?:which|what)(?: s| is| are)? |your |preferred |desired |tour |for )*"
    r"(?:of our |our |the |an |a )*"
)
_INTEREST = (
    r"(?: (?:are|is|would|do|did|should|interest\w*|can|may|shall|you|to (?:tour|visit|see|view))\b.*)?"
)
_PATTERNS = {
    "tour_type": r"(tour|visit|showing) ?(type|kind|format)\b.*|.*\b(type|kind|sort) of (tour|visit|showing).*"
    r"|.*\bhow\b.*(tour|visit).*|.*\bself guided\b.*\b(or|in person|virtual)\b.*",
    "property": rf"{_ASKING}{_PLACE}(?: ?(?:id|name|key|code|of interest))*{_INTEREST}"
    rf"|(?:which|preferred|tour) location{_INTEREST}|(?:(?:select|choose|pick) (?:your |a |the )?)?locations?"
    r"|(?:interested|desired) (?:property|community)|propiedad|comunidad|edificio|residence|immeuble|imovel|condominio"
    r"|wohnanlage",
    "unit": rf"{_ASKING}(?:units?|apartments?|apts?)(?: ?(?:id|number|no|name|of interest))?{_INTEREST}",
    "lead_source": r"lead ?source|utm ?source",
    "lead_id": r"(propexo )?lead ?id",
    "agent": r"((leasing|assigned) )?agent(?: (email|name|id))?",
    "message": r"(your |any |additional |other |further )*(message|notes?|comments?|questions?)"
    r"( or (comments?|questions?|notes?))?|anything else.*",
}
_EMAIL = re.compile(
    r"\be ?mails?\b|\bmail (?:address|adresse)\b|\badresse mail\b|^(?:your )?mail$|\bcorreo\b|\bcourriel\b"
)
_PHONE = re.compile(
    r"\b(phone|mobile|cell(?:phone|ular)?|celular|whats ?app|tel(?:ephone|efon\w*|emovel|e)?|handy\w*|movil)\b"
    r"|phone|\b(?:mobilnummer|rufnummer|portable)\b|\b(?:your|best) number\b"
    r"|\bnumber\b.*\b(reach|text|call)\b|\b(reach|text|call)\b.*\bnumber\b|\bcontact number\b"
)
_FIRST = re.compile(
    r"\b(first|given) ?names?\b|\bfore ?name\b|\bf ?name\b|\bprimer nombre\b|\bvorname\b|\bprenom\b|\bname first\b"
    r"|^first$"
)
_LAST = re.compile(
    r"\b(last|family) ?names?\b|\bsur ?name\b|\bl ?name\b|\bapellidos?\b|\bnachname\b|\bname last\b"
    r"|\bsobrenome\b|\bnom de famille\b|^last$"
)
_NAME = re.compile(r"\b(full ?)?names?\b|\bfullname\b|\b(?:nombre|nom|nome)\b|\bwho are you\b")
_DAY = re.compile(r"\b(dates?|days?|fecha|datum|jour|data (?:da|de|do|preferida)|\w*termin)\b")
_HOUR = re.compile(r"\b(times?|time ?slots?|slots?|hours?|hora|horario|uhrzeit|heure)\b")
_WHEN = re.compile(
    r"\bwhen\b.*\b(visit|tour|come|see|stop|view|show)|\btour (start|at)\b|\b(tour|visit) (date ?time|date time)\b"
)


@lru_cache(maxsize=4096)
def cleaned(label: str) -> str:
    """A label in small letters, without emoji, numbering, markup, placeholders, accents and punctuation."""
    text = unescape(label[:LONGEST_LABEL])
    text = re.sub(r"\{\{[^{}]*\}\}|\{[^{}]*\}|<[^<>]*>|%[A-Za-z_]+%|\[[^\[\]]*\]", " ", text)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    text = unicodedata.normalize("NFD", text).casefold()
    text = "".join(char if char.isalnum() else "" if unicodedata.combining(char) else " " for char in text)
    text = re.sub(r"\bno label\b|\b(?:optional|required|mandatory)\b", " ", " ".join(text.split()))
    text = re.sub(r"^\s*(?:q(?:uestion)?\s?)?\d{1,2}\s+(?=\S)", "", text.strip())
    text = re.sub(r"(?<=[a-z])\d{1,2}$", "", text)
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def topic(label: str) -> str | None:
    """What a question asks for, as a key of `asked`; `other_person` or `other_date`; `None` where nobody can tell."""
    text = cleaned(label)
    if not text:
        return None
    for name, pattern in _PATTERNS.items():
        if re.fullmatch(pattern, text):
            return name
    if found := _of_person(text):
        return found
    return _of_time(text)


def _of_person(text: str) -> str | None:
    found = _person_topic(text)
    return OTHER_PERSON if found and _OTHER_PERSON.search(text) else None if found == "nothing" else found


def _person_topic(text: str) -> str | None:
    """`nothing` where it is about a name, a number or an address, and of no person's."""
    if _EMAIL.search(text):
        return "email"
    if _PHONE.search(text):
        return "nothing" if _HOUR.search(text) else "phone"
    names = {"name": _BOTH, "first_name": _FIRST, "last_name": _LAST}
    found = next((name for name, pattern in names.items() if pattern.search(text)), None)
    if found is None and _NAME.search(text):
        return "nothing" if _NOT_THE_NAME.search(text) else "name"
    return found


def _of_time(text: str) -> str | None:
    has_day, has_hour, has_when = bool(_DAY.search(text)), bool(_HOUR.search(text)), bool(_WHEN.search(text))
    is_other = _OTHER_DATE.search(text) or (_OTHER_UNLESS_TOUR.search(text) and not _TOUR.search(text))
    if not (has_day or has_hour or has_when):
        return OTHER_DATE if is_other else OTHER_PERSON if _OTHER_PERSON.search(text) else None
    if is_other or (_OTHER_PERSON.search(text) and not _TOUR.search(text)):
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
    object whose keys are the labels. Of several answers to one question the most plausible counts. What nobody asked
    for by its words is found by type or by its looks, but only where exactly one answer can be meant.
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
        found.setdefault("tour_date", found.pop("tour_start"))
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
    """The type that the parts of a value tell: a date, a time, a phone number or a name in several inputs."""
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


def _rank(name: str, answer: Mapping[str, Any]) -> tuple[bool, bool, bool]:
    """The smaller, the likelier: it looks like an answer, it is of the type, and the question is not about a second."""
    look, kind = _LOOKS.get(name), _TYPES.get(name)
    text = answer["value"] if isinstance(answer["value"], str) else ""
    wrong = name == "email" and "@" not in str(answer["value"])
    wrong |= name == "phone" and sum(char.isdigit() for char in str(answer["value"])) < 7  # noqa: PLR2004
    typed = bool(kind and kind.search(answer["type"])) or bool(look and look.fullmatch(text))
    return wrong, bool(_RANK_LAST.search(cleaned(answer["label"] or answer["name"]))), not typed


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


def pairs(values: Any, summary: Any) -> list[dict[str, Any]]:
    """The answers of an object, each with the label that a summary such as `Label:value, Label:value` gives it."""
    if not isinstance(values, Mapping):
        return []
    text = unescape(summary) if isinstance(summary, str) else ""
    place, answers = 0, []
    for name, value in values.items():
        label = ""
        plain = unescape(value).strip() if isinstance(value, str) else None
        at = text.find(f":{plain}", place) if plain else -1
        if plain and at >= 0:
            label = text[place:at].strip(" ,").rpartition(", ")[2].strip()
            place = at + len(plain) + 1
        answers.append({"name": str(name), "label": label, "value": plain if plain is not None else value})
    return answers
