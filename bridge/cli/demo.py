"""`bridge demo`: the whole bridge against the sandbox, on free ports, in a temporary folder."""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import requests
from rich.console import Console
from rich.live import Live
from rich.table import Table
from sqlalchemy import select

from bridge.cli.base import say
from bridge.cli.demo_site import DemoSite
from bridge.cli.processes import Children
from bridge.cli.scenario import ORIGIN, PROPERTIES, SECRETS, Post, Scenario, configuration, scenario
from bridge.cli.serve import address_of, listen
from bridge.cli.toml import toml_of
from bridge.clock import utc_now
from bridge.console.access import sessions
from bridge.database import Database
from bridge.embedded import embedded
from bridge.inbound.signatures import Request
from bridge.mapping.catalogue import Catalogue
from bridge.models import Attempt, Booking, Event, Status
from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox
from bridge.settings import parse

WRITE_SECONDS = 1.0
"""How long the sandbox PMS takes for a write."""
LOOK_EVERY = 0.3
AT_MOST = 120.0
"""Seconds after which the demo stops waiting for an event that does not end."""


PATIENCE = 180
"""Seconds for an answer: the first one waits until the web process has started, on a small machine for long."""


@dataclass
class DemoOutcome:
    """What became of one post so far."""

    post: Post
    status: str
    action: str | None = None
    reason: str | None = None
    event_id: int | None = None
    job_id: str | None = None
    appointment_id: str | None = None
    began: datetime | None = None
    seconds: float = 0.0

    @property
    def ended(self) -> bool:
        return self.status in ("refused", "duplicate") or Status(self.status).ended

    @property
    def as_expected(self) -> bool:
        return (self.status, self.reason) == self.post.expected

    def document(self) -> dict[str, Any]:
        document = {"source": self.post.source, "event": self.post.event, "action": self.action}
        document |= {"status": self.status, "reason": self.reason, "job_id": self.job_id}
        return {**document, "appointment_id": self.appointment_id, "seconds": round(self.seconds, 2)}


@click.command()
@click.option(
    "--once",
    is_flag=True,
    help="End when all is done: exit code 0 if every outcome was the expected one, else 1.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per event instead of the table.")
def demo(once: bool, as_json: bool) -> None:
    """Run everything against the sandbox and send bookings, moves, cancellations and invalid requests.

    PostgreSQL, the sandbox Propexo, the web process and a worker run on free ports in a temporary folder, which
    is removed at the end. Nothing outside this machine is called.
    """
    with tempfile.TemporaryDirectory(prefix="bridge-demo-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # as root, PostgreSQL runs as another user and must reach its data
        sandbox = Sandbox(write_seconds=WRITE_SECONDS)
        url = stack.enter_context(SandboxServer(sandbox)).url
        plan = scenario(utc_now())
        prepare(sandbox, plan)
        site = stack.enter_context(DemoSite())
        database, endpoint, children = stack.enter_context(running(folder, url, site.url))
        site.show(endpoint)
        outcomes = [send_posts(endpoint, post) for post in plan.posts]
        if follow(database, outcomes, children, quiet=as_json):
            return
        good = report(outcomes, plan, sandbox, as_json=as_json)
        if not once:
            say(f"\nThe console: {endpoint}{console_link(database)}\nThe sandbox PMS: {url}")
            say(f"A website with the tour widget: {site.url}\nA pretend chat: {site.url}/chat")
            say(f"The webhook endpoint: {endpoint}/hooks/<source>\nCtrl-C ends the demo.")
            children.watch()
    if once and not good:
        raise SystemExit(1)


def console_link(database: Database) -> str:
    """The path that opens the console once."""
    with database.session() as session:
        return f"/console/sign-in/{sessions.make_link(session, utc_now())}"


def prepare(sandbox: Sandbox, plan: Scenario) -> None:
    """The communities, and those who are leads already."""
    for key, (vendor, name) in PROPERTIES.items():
        sandbox.add_integration(f"integration-{key}", vendor)
        sandbox.add_property(f"integration-{key}", f"property-{key}", name)
    for first_name, last_name, email in plan.known:
        sandbox.add_lead(
            "integration-oakwood",
            "property-oakwood",
            first_name=first_name,
            last_name=last_name,
            email_1=email,
        )


@contextmanager
def running(folder: Path, sandbox_url: str, site: str) -> Iterator[tuple[Database, str, Children]]:
    """Database, web process and worker, for as long as the block lasts; `site` may show the tour widget."""
    document = configuration(sandbox_url, site)
    config = folder / "bridge.toml"
    config.write_text(toml_of(document))
    settings = parse(document, {}, config)
    with ExitStack() as stack:
        database = Database(stack.enter_context(embedded(folder / "data")))
        stack.callback(database.close)
        database.migrate()
        log = stack.enter_context((folder / "log").open("wb"))
        children = stack.enter_context(Children())
        environment = {"BRIDGE_CONFIG": str(config), "BRIDGE_DATABASE_URL": database.url}
        with listen(settings, "127.0.0.1:0") as listener:
            endpoint = address_of(listener)
            fd = listener.fileno()
            children.start("web", ["web", "--bind", f"fd://{fd}"], environment, pass_fds=[fd], output=log)
        children.start("worker", ["worker"], environment, output=log)
        yield database, endpoint, children


def send_posts(endpoint: str, post: Post) -> DemoOutcome:
    """Send one post as its sender would."""
    headers = {"Content-Type": "application/json", "Origin": ORIGIN}
    scheme = Catalogue().get(post.source).schema.signature
    if scheme is not None:
        request = Request({}, post.raw)
        headers |= scheme.sign_request(request, [SECRETS[post.source]], utc_now(), post.delivery_id).headers
        del headers["Origin"]
    body = post.raw.replace(b'"2 BR', b'"3 BR') if post.forged else post.raw
    with requests.Session() as session:
        session.trust_env = False  # a proxy of this machine does not know the demo on it
        answer = session.post(f"{endpoint}/hooks/{post.source}", body, headers=headers, timeout=PATIENCE)
    document = answer.json()
    if not answer.ok:
        return DemoOutcome(post, "refused", reason=document["code"])
    status = "duplicate" if document.get("duplicate") else document["status"]
    return DemoOutcome(post, status, event_id=document["id"], began=utc_now())


def follow(database: Database, outcomes: list[DemoOutcome], children: Children, *, quiet: bool) -> bool:
    """Watch the events until all have ended. Returns whether it was asked to stop before.

    At a terminal the table is kept up to date; elsewhere, such as in the log of a build, it is printed once.
    """
    console = Console(quiet=quiet)
    if not sys.stdout.isatty():
        is_stopped = any(children.watch(LOOK_EVERY) for _ in _unfinished(database, outcomes))
        console.print(table(outcomes))
        return is_stopped
    with Live(table(outcomes), console=console, refresh_per_second=8) as live:
        for _ in _unfinished(database, outcomes):
            live.update(table(outcomes))
            if children.watch(LOOK_EVERY):
                return True
        live.update(table(outcomes))
    return False


def _unfinished(database: Database, outcomes: list[DemoOutcome]) -> Iterator[None]:
    """Refresh the outcomes again and again, until all have ended or it takes too long."""
    deadline = time.monotonic() + AT_MOST
    while time.monotonic() < deadline:
        for outcome in outcomes:
            refresh(database, outcome)
        if all(outcome.ended for outcome in outcomes):
            return
        yield


def refresh(database: Database, outcome: DemoOutcome) -> None:
    """Read the state of an event."""
    if outcome.event_id is None or outcome.ended:
        return
    with database.session() as session:
        event = session.get_one(Event, outcome.event_id)
        booking = session.get(Booking, event.booking_id) if event.booking_id else None
        touched = select(Attempt.request["event_id"].astext).where(Attempt.event_id == event.id)
        changed = session.scalar(touched.where(Attempt.kind.in_(("update", "cancel"))).limit(1))
    outcome.status, outcome.reason, outcome.action = event.status, event.reason, event.action
    outcome.job_id = event.job_id
    outcome.appointment_id = changed or (booking.appointment_id if booking else None)
    if outcome.began is not None:
        outcome.seconds = ((event.ended_at or utc_now()) - outcome.began).total_seconds()


def report(outcomes: list[DemoOutcome], plan: Scenario, sandbox: Sandbox, *, as_json: bool) -> bool:
    """Print the end of the story; answers whether it is the expected one."""
    surprises = [outcome for outcome in outcomes if not outcome.as_expected]
    names = {lead.id: lead for lead in sandbox.leads}
    held = [
        (names[appointment.lead_id], appointment)
        for appointment in sandbox.active_appointments()
        if appointment.lead_id in names
    ]
    tours = {
        (lead.last_name, appointment.appointment_date, appointment.appointment_time)
        for lead, appointment in held
    }
    if as_json:
        for outcome in outcomes:
            click.echo(json.dumps(outcome.document()))
    else:
        shown = _plain_table(("\nThe PMS now holds", 17), ("\nstarts", 19), ("\nnotes", 20))
        for lead, appointment in held:
            shown.add_row(
                f"{lead.first_name} {lead.last_name}",
                f"{appointment.appointment_date} {appointment.appointment_time}",
                " ".join((appointment.notes or "").split()),
            )
        Console().print(shown)
    for outcome in surprises:
        say(
            f"unexpected: {outcome.post.story}: {outcome.status} {outcome.reason or ''}, "
            f"expected {outcome.post.expected}"
        )
    if tours != plan.tours:
        say(f"unexpected: the PMS holds {sorted(map(str, tours))}, expected {sorted(map(str, plan.tours))}")
    return not surprises and tours == plan.tours


def table(outcomes: list[DemoOutcome]) -> Table:
    """All posts, each with its state."""
    shown = _plain_table(("", 23), ("source", 17), ("action", 10), ("status", 9), ("seconds", 7))
    colours = {"written": "green", "parked": "yellow", "refused": "red", "ignored": "dim", "duplicate": "dim"}
    for outcome in outcomes:
        colour = colours.get(outcome.status, "cyan")
        shown.add_row(
            outcome.post.story,
            outcome.post.source,
            outcome.action,
            f"[{colour}]{outcome.status}[/]",
            f"{outcome.seconds:.1f}" if outcome.event_id else "",
        )
    return shown


def _plain_table(*columns: tuple[str, int]) -> Table:
    """Columns with the widths that they keep; what is longer is cut."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading, width in columns:
        shown.add_column(heading, no_wrap=True, min_width=width)
    return shown
