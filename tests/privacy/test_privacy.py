"""Nothing of what went in, no secret, address, phone or name, comes out in a log, an error or a message."""

import io
import logging

import pytest
import structlog
from click.testing import CliRunner

from bridge import logs
from bridge.cli import main
from bridge.propexo.transport import Transport

EMAIL, PHONE, FIRST, LAST = "zebulon.quux@example.com", "+15125550177", "Zebulon", "Quuxington"
NOTE = "allergic-to-wombats"
SECRET, TOKEN = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "secret-token"
REPORTED = (EMAIL, "zebulon", PHONE, "5550177", LAST, NOTE, SECRET, TOKEN, "forged-signature")


@pytest.fixture(params=[True, False], ids=["json", "words"])
def log(request):
    """All that this process logs, as production renders it, from DEBUG on."""
    root, stream = logging.getLogger(), io.StringIO()
    before, levels = root.handlers[:], {name: logging.getLogger(name).level for name in ("", *logs.QUIET)}
    root.handlers = []
    logs.configure(json=request.param)
    [handler] = root.handlers
    handler.setStream(stream)
    yield stream
    root.handlers = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()


def book(world, number, **more):
    prospect = {
        "first_name": FIRST,
        "last_name": LAST,
        "email": EMAIL,
        "phone": PHONE,
        **more.pop("prospect", {}),
    }
    tour = {"start": "2026-12-03T10:30:00-06:00", "notes": NOTE, **more.pop("tour", {})}
    return world.send("booked", f"B-{number}", prospect=prospect, tour=tour, **more)


def break_writing(monkeypatch):
    """A defect of ours whose message and locals hold everything."""
    send = Transport.request

    def broken(self, method, path, *, params, body=None):
        if method != "GET":
            raise RuntimeError(f"{body} {params} {EMAIL} {SECRET}")
        return send(self, method, path, params=params, body=body)

    monkeypatch.setattr(Transport, "request", broken)


def knock(world):
    """Requests that the webhook endpoint refuses; their answers."""
    body = f'{{"email": "{EMAIL}", "phone": "{PHONE}", "n": "{LAST}"'.encode()
    url = f"/hooks/widget?token={TOKEN}&email={EMAIL}"
    signed = {"webhook-id": "m", "webhook-timestamp": "1", "webhook-signature": "v1,forged-signature"}
    yield world.client.post(url, data=body)
    yield world.client.post(url, data=body, headers=signed)
    yield world.client.post(url, data=b"x" * (world.settings.server.body_limit + 1), headers=signed)
    yield world.client.post("/hooks/nobody?email=" + EMAIL, data=body)
    yield world.client.put(url, data=body)
    yield world.client.get("/zebulon.quux@example.com")
    yield world.post(body, "undecodable")


def test_a_full_run_shows_nothing(world, log, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.stderr", log)  # only here: pytest sets its own between a fixture and its test
    answers = [answer.text for answer in knock(world)]
    written = book(world, 1)
    world.run()
    assert world.status(written)[0] == "written"
    parked = [
        book(world, 2, tour={"start": f"at {NOTE}"}),
        book(world, 3, tour={"start": "2026-11-01T10:30:00-06:00"}),
        book(world, 4, tour={"property": NOTE}),
    ]
    world.run()
    assert {world.status(one)[0] for one in parked} <= {"parked", "written"}
    broken = book(world, 5, tour={"start": "2026-12-05T10:30:00-06:00"})
    with monkeypatch.context() as patch:
        break_writing(patch)
        world.run()
    assert world.status(broken) == ("parked", "ambiguous")
    config = tmp_path / "bridge.toml"
    config.write_text(f'database_url = "{world.database.url}"\n{world.toml()}')
    messages = list(errors_of_commands(config, broken))
    logged = log.getvalue()
    assert "RuntimeError" in logged
    assert "refused" in logged
    for text in (logged, *answers, *messages):
        assert [word for word in REPORTED if word.casefold() in text.casefold()] == []


def errors_of_commands(config, event_id):
    """What commands say on stderr where they say no."""
    run = CliRunner()
    for line in (
        ["events", "show", "99999"], ["events", "dismiss", "99999"], ["erase", "--email", EMAIL, "--yes"],
        ["erase", "--email", EMAIL], ["erase", "--phone", PHONE], ["encrypt"],
        ["events", "list", "--property", "nowhere"],
    ):  # fmt: skip
        yield run.invoke(main, [*line, "--config", str(config)]).stderr
