"""The words of dates and times in English, Spanish, French, German and Portuguese, without accents."""

import re
import unicodedata

_MONTHS = (
    "january jan enero ene janvier janv januar jaenner janeiro",
    "february feb febrero fevrier fevr fev februar fevereiro",
    "march mar marzo mars marz maerz mrz marco",
    "april apr abril abr avril avr",
    "may mayo mai maio",
    "june jun junio juin juni junho",
    "july jul julio juillet juil juli julho",
    "august aug agosto ago aout",
    "september sept sep septiembre setiembre set septembre setembro",
    "october oct octubre octobre oktober okt outubro out",
    "november nov noviembre novembre novembro",
    "december dec diciembre dic decembre dezember dez dezembro",
)
MONTHS = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split()}

_WEEKDAYS = (
    "monday mon lunes lun lundi montag mo segunda-feira segunda seg",
    "tuesday tues tue martes mardi dienstag di terca-feira terca ter",
    "wednesday weds wed miercoles mie mercredi mer mittwoch mi quarta-feira quarta qua",
    "thursday thurs thur thu jueves jue jeudi jeu donnerstag do quinta-feira quinta qui",
    "friday fri viernes vie vendredi ven freitag fr sexta-feira sexta sex",
    "saturday sat sabado sab samedi sam samstag sonnabend sa",
    "sunday sun domingo dom dimanche dim sonntag so",
)
WEEKDAYS = {word: number for number, words in enumerate(_WEEKDAYS) for word in words.split()}

_HALVES = {
    "am": "in the morning|de la manana|da manha|du matin|morgens|vormittags",
    "pm": "in the afternoon|in the evening|de la tarde|de la noche|da tarde|da noite|de l'apres-midi|du soir"
    "|nachmittags|abends",
}
HALF = (
    r"(?:(?P<half>[ap])(?:[ .]{0,3}m\b\.?|\.?(?![\w.])(?!\s+\d))|(?P<morning>"
    + _HALVES["am"]
    + r")\b|(?P<evening>"
    + _HALVES["pm"]
    + r")\b)"
)
"""Which half of the day: `am`, `P.M.`, `p`, `P M`, or words."""

NOON = "noon|midday|mediodia|midi|mittags?|meio-dia"
MIDNIGHT = "midnight|medianoche|minuit|mitternacht|meia-noite"
FILLERS = (
    r"at\b|on\b|the\b|of\b|from\b|um\b|den\b|der\b|ab\b|von\b|am\b(?=\s*\d)|le\b|el\b|de\b|del\b|das\b"
    r"|a\s+las?\b|o'?clock\b|uhr\b|h(?:rs?)?\b|hours\b|horas?\b|heures?\b|kl\.?(?=\s)|[,;|@\u00b7\u2022\u22c5~()]"
    r"|around\b|about\b|approx(?:imately)?\b\.?|between\b"
    r"|(?:start(?:s|ing|ed)?(?: time| at)?|when|date|time)\b\s?:"
)
RANGES = (
    r"/(?=\d{4}-)|-|\u2013|\u2014|\u2212|\u2192|to\b|and\b|until\b|till\b|thru\b|through\b|bis\b|a\b|as\b"
    r"|ate\b|al\b"
)


def any_of(words: dict[str, int]) -> str:
    """A regular expression for the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def normalised(text: str) -> str:
    """The text without accents and invisible characters, every white space as one blank."""
    kept = (
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFD", text)
        if not unicodedata.combining(char) and (char.isspace() or char.isprintable())
    )
    return "".join(kept).replace("\u2019", "'")
