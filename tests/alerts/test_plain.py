"""What a renter typed arrives in alerts as text, in every kind of channel."""

import email
import email.policy
import json
import smtplib
from typing import Any

import pytest
import requests
from alerts.test_checker import Office

from bridge.alerts.channels import Channels
from bridge.alerts.plain import visible, without_links, without_markup

HOSTILE = [
    "<!channel> pay at <https://evil.example.com|the leasing office>",
    '<a href="https://evil.example.com">Sign in</a>',
    '<img src="https://evil.example.com/p.gif">',
    "[Sign in](https://evil.example.com)",
    "@everyone *x* `y` ~z~ |s|",
    "a\x1b[2Jb\u202ec",
]
CHATS = [
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "tgram://123456789:abcdefg_hijklmnop/12315544/",
]


class Sent:
    """Stands in for the network: what Apprise would send, and the answer that it expects."""

    status_code, ok, content, text, headers = 200, True, b'{"ok": true, "result": []}', "ok", {}

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def __call__(self, *_: Any, **options: Any) -> "Sent":
        body = options.get("data") or options.get("json") or ""
        self.bodies.append(body if isinstance(body, str) else json.dumps(body, default=str))
        return self

    def json(self) -> dict[str, Any]:
        return {"ok": True, "result": []}


@pytest.mark.parametrize("url", CHATS, ids=lambda url: url.partition(":")[0])
def test_a_chat_shows_no_markup(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = Sent()
    for name in ("post", "get"):
        monkeypatch.setattr(requests, name, sent)
    monkeypatch.setattr(requests.Session, "request", sent)
    Channels([url]).send(
        "Tours for @everyone\nthat need a person", "\n".join(f"- {text}" for text in HOSTILE)
    )
    written = json.dumps([body.encode().decode("unicode_escape") for body in sent.bodies], ensure_ascii=False)
    assert "Sign in" in written
    assert not [
        sign
        for sign in ("<!", "<a", "<img", "](", "@everyone", "*x*", "`y`", "\x1b", "\u202e")
        if sign in written
    ]


def test_a_mail_is_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    mails: list[str] = []

    class Server:
        def __init__(self, *_: Any, **__: Any) -> None: ...

        def __getattr__(self, name: str) -> Any:
            return lambda *arguments, **__: mails.append(arguments[2]) if name == "sendmail" else None

    monkeypatch.setattr(smtplib, "SMTP", Server)
    monkeypatch.setattr(smtplib, "SMTP_SSL", Server)
    Channels(["mailto://user:pass@example.com/?to=office@example.com&format=html"]).send("Tours", HOSTILE[1])
    [mail] = (email.message_from_string(text, policy=email.policy.default) for text in mails)
    parts = [part for part in mail.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == ["text/plain"]
    assert HOSTILE[1] in parts[0].get_content()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://evil.example.com/a", "https[:]//evil.example.com/a"),
        ("see www.evil.example.com", "see www[.]evil.example.com"),
        ("javascript:alert(1)", "javascript[:]alert(1)"),
        ("maya@example.com", "maya@example.com"),
        ("Note: at 10:30", "Note: at 10:30"),
    ],
)
def test_what_a_sender_wrote_becomes_no_link(text: str, shown: str) -> None:
    assert without_links(text) == shown


def test_addresses_and_lines_stay() -> None:
    assert without_markup("maya@example.com\n- 2 BR_x") == "maya@example.com\n- 2 BR_x"
    assert visible("a\tb\n\x1b") == "a\tb\n\ufffd"


def test_a_name_is_no_link_in_an_alert(world: Any, sender_api: Any) -> None:
    office = Office(world, sender_api)
    world.book("B-1", last_name="https://evil.example.com", property="Atlantis")
    world.run()
    [message] = office.check()
    assert "https[:]//evil.example.com" in message["message"]
    assert "https://evil" not in message["message"]
    assert "https://bridge.example.com/console" in message["message"]
