"""Every write as Propexo documents it, and what holds for every request, spoken over a real connection."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge import __version__
from bridge.errors import ConfigurationError
from bridge.propexo.client import NoQuota, Propexo
from bridge.propexo.errors import (
    MisconfiguredError,
    PropexoError,
    RateLimitedError,
    UnknownOutcomeError,
)

from .conftest import NOW, TOKEN, FarEnd, Ledger  # isort: skip

BODY = {"integration_id": "cint", "notes": "Ref TB-1. Zoë 👋"}
IGNORING = {"ignore_unknown_fields": "true"}
QUEUED = {"job_id": "cjob", "data": {}}
WRITES: dict[str, tuple[Callable[[Propexo], str], str, str, Any, dict[str, str]]] = {
    "create_lead": (lambda p: p.create_lead(BODY), "POST", "/v1/leads/", BODY, IGNORING),
    "create_appointment": (
        lambda p: p.create_appointment(BODY), "POST", "/v1/events/appointments/leads", BODY,
        IGNORING,
    ),
    "update_appointment": (
        lambda p: p.update_appointment("c/1?x", BODY), "PUT", "/v1/events/appointments/leads/c%2F1%3Fx", BODY,
        IGNORING,
    ),
    "cancel_appointment": (
        lambda p: p.cancel_appointment(BODY), "POST", "/v1/events/appointments/leads/cancel", BODY,
        IGNORING,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITES)
def test_writes(name: str, propexo: Propexo, far_end: FarEnd) -> None:
    call, method, path, body, query = WRITES[name]
    far_end.answer(200, QUEUED)
    assert call(propexo) == "cjob"
    sent = far_end.last
    assert (sent.method, sent.path, sent.body, sent.query) == (method, path, body, query)
    assert sent.headers["authorization"] == f"Bearer {TOKEN}"
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["user-agent"] == f"propexo-bridge/{__version__}"


@pytest.mark.parametrize(
    "answer",
    [
        {"job_id": "cjob", "data": {}},
        {"meta": {"job_id": "cjob"}, "result": {"lead_id": "clead"}},
        {"meta": {"job_id": "cjob"}, "result": []},
        {"success": True, "job_id": "cjob"},
        {"job_id": None, "meta": {"job_id": "cjob"}},
    ],
)
def test_both_shapes_of_a_success_are_read(answer: Any, propexo: Propexo, far_end: FarEnd) -> None:
    far_end.answer(200, answer)
    assert propexo.create_appointment(BODY) == "cjob"


@pytest.mark.parametrize(
    ("status", "answer"),
    [(200, {}), (200, {"data": {}}), (200, {"job_id": ""}), (200, {"job_id": 7}), (200, {"meta": "x"}),
     (200, []), (200, b""), (200, b"<html>welcome</html>"), (200, b'{"job_id": "cj'),
     (202, b"accepted"), (204, b"")],
)  # fmt: skip
def test_a_success_without_a_job_is_unknown(
    status: int, answer: Any, propexo: Propexo, far_end: FarEnd
) -> None:
    far_end.answer(status, answer)
    with pytest.raises(UnknownOutcomeError, match="names no job"):
        propexo.create_appointment(BODY)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/v1/leads/", "http://[", "\x00bad", "ftp://elsewhere/"])
def test_redirects_are_not_followed(status: int, location: str, propexo: Propexo, far_end: FarEnd) -> None:
    far_end.answer(status, b"", location=location)
    with pytest.raises(MisconfiguredError):
        propexo.create_lead(BODY)
    assert len(far_end.requests) == 1


@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 405, 408, 409, 410, 418, 422, 425, 429, 500, 502, 503, 504]
)
def test_a_refusal_is_sent_once_and_hides_the_token(
    status: int, propexo: Propexo, far_end: FarEnd, ledger: Ledger
) -> None:
    far_end.answer(
        status,
        {"error": {"message": f"not with {TOKEN}"}},
        x_ratelimit_limit="150",
        x_ratelimit_remaining="7",
    )
    with pytest.raises(PropexoError, match="not with") as caught:
        propexo.find_leads(integration_id="cint", property_id="cprop", email="ana@example.com")
    assert caught.value.status == status
    assert len(far_end.requests) == ledger.taken == 1
    assert ledger.learnt == [(150, 7)]
    for text in (str(caught.value), repr(caught.value), caught.value.detail):
        assert TOKEN not in text
        assert "ana@example.com" not in text


@pytest.mark.parametrize(
    ("headers", "learnt"),
    [
        ({"x_ratelimit_limit": "150", "x_ratelimit_remaining": "149"}, (150, 149)),
        ({"x_ratelimit_remaining": "0"}, (None, 0)),
        ({"x_ratelimit_limit": "many", "x_ratelimit_remaining": ""}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_the_quota_learns_from_every_answer(
    headers: dict[str, str], learnt: tuple[Any, Any], propexo: Propexo, far_end: FarEnd, ledger: Ledger
) -> None:
    far_end.answer(200, QUEUED, **headers)
    propexo.create_lead(BODY)
    assert (ledger.taken, ledger.learnt, ledger.until) == (1, [learnt], None)


def test_a_429_shows_the_quota_until_when(propexo: Propexo, far_end: FarEnd, ledger: Ledger) -> None:
    far_end.answer(429, b"")
    with pytest.raises(RateLimitedError) as caught:
        propexo.write_status("cjob")
    assert ledger.until == caught.value.until == datetime(2026, 5, 1, 12, 31, 1, tzinfo=UTC)


def test_nothing_is_sent_without_budget(far_end: FarEnd) -> None:
    class Spent(NoQuota):
        def take(self) -> None:
            raise RateLimitedError(until=NOW)

    with pytest.raises(RateLimitedError):
        Propexo(far_end.url, TOKEN, quota=Spent()).get_lead("clead")
    assert far_end.requests == []


def test_threads_share_no_connection_and_no_cookie_is_sent_back(propexo: Propexo, far_end: FarEnd) -> None:
    far_end.answer(200, QUEUED, set_cookie="seen=yes")
    propexo.create_lead(BODY)
    threads = [threading.Thread(target=propexo.create_lead, args=(BODY,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [request.headers["cookie"] for request in far_end.requests] == [None] * 5


def test_the_base_address_may_end_in_a_slash(far_end: FarEnd) -> None:
    far_end.answer(200, QUEUED)
    Propexo(far_end.url + "/", TOKEN, quota=NoQuota()).create_lead(BODY)
    assert far_end.last.path == "/v1/leads/"


def test_proxies_and_netrc_of_the_machine_are_ignored(
    propexo: Propexo, far_end: FarEnd, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    far_end.answer(200, QUEUED)
    assert propexo.create_lead(BODY) == "cjob"
    assert far_end.last.headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("token", ["", "two words", "line\n", "\u00fcmlaut", "tab\t", " s3cret"])
def test_a_token_that_cannot_be_one_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ConfigurationError, match=r"propexo\.token") as caught:
        Propexo("https://api.propexo.com", token, quota=NoQuota())
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "api.propexo.com", "ftp://api.propexo.com", "https://", "https://a.b/?x=1"]
)
def test_an_address_that_cannot_be_one_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"propexo\.base_url"):
        Propexo(url, TOKEN, quota=NoQuota())
