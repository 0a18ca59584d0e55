"""Escapes text of renters in messages, so that it makes no link, no mention and no markup.

Channels read messages in many languages: Slack and Discord have their own Markdown, Telegram HTML, Teams Markdown.
Apprise escapes some of that for some of them. So each character that begins markup in any of them is replaced by one
that looks alike and begins none. Links of the bridge itself hold none of these characters.
"""

import re

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Not tabs and line breaks; with the characters that change the direction of text."""
_LINK = re.compile(r"(?i)\b(https?|ftp|javascript|data|mailto|tel)(:/?/?)(?=\S)|\bwww\.(?=\S)")
_MENTION = re.compile(r"(?<![\w.+-])@")
"""Not the one in an address."""
LOOKALIKES = str.maketrans(
    {
        "<": "\u2039",
        ">": "\u203a",
        "[": "\uff3b",
        "]": "\uff3d",
        "*": "\u2217",
        "`": "\u02cb",
        "~": "\u223c",
        "|": "\u00a6",
        "\\": "\u2216",
    }
)


def visible(text: str) -> str:
    """The text with U+FFFD for each control character."""
    return _CONTROL.sub("\ufffd", text)


def without_links(text: str) -> str:
    """What a sender wrote, so that no program makes a link of it: `https[:]//example.com`."""
    return _LINK.sub(lambda match: f"{match[1]}[:]{match[2][1:]}" if match[1] else "www[.]", text)


def without_markup(text: str) -> str:
    """The text so that no chat program reads markup or a mention in it."""
    return _MENTION.sub("\uff20", text.translate(LOOKALIKES))
