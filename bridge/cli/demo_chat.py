"""The pretend chat of `bridge demo`: a telephone whose text messages go to the bridge as Twilio would post them."""

import html
import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

import requests

FROM, TO = "+15125550142", "+15125550199"
"""The renter's number, and the one of the community: it is an alias of its property."""
PATIENCE = 30
"""Seconds."""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>A pretend chat</title>
<link rel="icon" href="data:,">
<style>
  body { max-width: 34rem; margin: 0 auto; padding: 1.5rem 1rem; font: 17px/1.5 system-ui, sans-serif; }
  #talk p { width: fit-content; max-width: 85%; margin: .5rem 0; padding: .5rem .8rem; border-radius: 1rem;
    border: 1px solid #8a8278; overflow-wrap: anywhere; }
  #talk .renter { margin-left: auto; background: #2b52c7; border-color: #2b52c7; color: #fff; }
  form { display: flex; gap: .5rem; margin-top: 1rem; }
  input { flex: 1; font: inherit; padding: .5rem; min-width: 0; }
  button { font: inherit; padding: .5rem 1rem; }
</style>
</head>
<body>
<h1>Text the leasing office</h1>
<p>Write <b>TIMES</b>, then <b>2 Maya Okafor maya@example.com</b>; later <b>CANCEL TOUR</b>.
<a href="/">The website</a></p>
<div id="talk" role="log" aria-live="polite"></div>
<form>
<input name="text" aria-label="Message" autocomplete="off" value="TIMES" autofocus>
<button>Send</button>
</form>
<script>
  const talk = document.getElementById("talk"), form = document.querySelector("form");
  const show = (text, who) => {
    const line = document.createElement("p");
    line.textContent = text;
    line.className = who;
    talk.append(line);
    line.scrollIntoView({ block: "nearest" });
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = form.text.value.trim();
    if (!text) return;
    form.text.value = "";
    show(text, "renter");
    const answer = await fetch("/chat", { method: "POST", body: text });
    show((await answer.json()).text || "(no answer)", "office");
  });
</script>
</body>
</html>
"""


def source() -> dict[str, Any]:
    """The source of the chat, as bridge.toml would have it; only this machine reaches the demo."""
    return {"mapping": "twilio", "auth": "none", "reply_language": "en"}


def send(bridge: str, text: str) -> str:
    """Post a text message; returns the answer, which may be empty."""
    form = {
        "From": FROM, "To": TO, "Body": text, "MessageSid": f"SM{uuid.uuid4().hex}", "SmsStatus": "received",
    }  # fmt: skip
    with requests.Session() as session:
        session.trust_env = False  # a proxy of this machine does not know the demo on it
        answer = session.post(f"{bridge}/hooks/chat", form, timeout=PATIENCE)
    answer.raise_for_status()
    return text_of(answer.text)


def text_of(twiml: str) -> str:
    """The message in an answer to Twilio."""
    found = re.search(r"<Message>(.*)</Message>", twiml, re.DOTALL)
    return html.unescape(found[1]) if found else ""


def answer(bridge: str, environ: Mapping[str, Any]) -> bytes:
    """The answer of the page to a text message."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    text = environ["wsgi.input"].read(length).decode("utf-8", "replace")
    return json.dumps({"text": send(bridge, text)}).encode()
