"""`bridge send`: a sample, posted as its sender would."""

import json
from pathlib import Path

import click
import requests

from bridge.cli.base import config_option, load_settings, print_json
from bridge.cli.changes import changed
from bridge.cli.completion import complete_source
from bridge.cli.group import CommandError
from bridge.cli.translate import mapping_named, sample_named
from bridge.clock import utc_now
from bridge.inbound.sample_request import sign_sample
from bridge.inbound.signatures import Request
from bridge.settings import ServerSettings, Settings, Source

TIMEOUT = (5, 30)
"""Seconds: to connect, and to wait for the answer."""


@click.command()
@click.argument("source", shell_complete=complete_source)
@click.argument("sample")
@config_option
@click.option("--url", help="The address of the bridge.  [default: host and port of the configuration]")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change a value of a JSON body before it is signed (payload.email=a@example.com); may be repeated.",
)
def send(*, source: str, sample: str, config: Path | None, url: str | None, changes: tuple[str, ...]) -> None:
    """Sign SAMPLE as the sender of SOURCE does, and post it to the running bridge.

    SOURCE is a configured source, or a mapping that one source uses. SAMPLE is a file, or the name of a
    sample of that mapping. The bridge's answer is printed.
    """
    settings = load_settings(config)
    sender = _source(settings, source)
    mapping = mapping_named(sender.mapping, settings)
    recorded = sample_named(mapping, sample)
    address = f"{(url or _address(settings.server)).rstrip('/')}/hooks/{sender.key}"
    public = f"{settings.server.public_url or 'http://localhost'}/hooks/{sender.key}"
    body = _changed(recorded.body, changes)
    request = sign_sample(
        recorded, body, sender, mapping.schema.signature, settings.server.public_url, utc_now()
    )
    answer = _post(address, request.url.removeprefix(public), request, trust_env=url is not None)
    _show(answer, address)


def _source(settings: Settings, text: str) -> Source:
    if text in settings.sources:
        return settings.sources[text]
    using = [source for source in settings.sources.values() if source.mapping == text]
    if len(using) == 1:
        return using[0]
    if using:
        raise CommandError(
            f"Several sources use {text}: name one of {', '.join(source.key for source in using)}."
        )
    raise CommandError(
        f"No source {text!r} is configured; there are: {', '.join(settings.sources) or 'none'}."
    )


def _address(server: ServerSettings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{server.port}" if ":" in host else f"http://{host}:{server.port}"


def _changed(body: bytes, changes: tuple[str, ...]) -> bytes:
    if not changes:
        return body
    try:
        document = json.loads(body)
    except ValueError as error:
        raise click.BadParameter("--set changes JSON only, and this sample is not JSON.") from error
    return json.dumps(changed(document, changes, "the sample"), ensure_ascii=False).encode()


def _post(address: str, rest: str, request: Request, *, trust_env: bool) -> requests.Response:
    """Post to `address`; the `rest` of it may hold a secret, so that no message repeats it."""
    with requests.Session() as session:
        session.trust_env = trust_env  # a proxy of this machine does not know the bridge on it
        try:
            return session.post(
                address + rest,
                data=request.body,
                headers=dict(request.headers),
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            message = (
                f"No answer from {address} ({type(error).__name__}). Start `bridge serve`, or use --url."
            )
            raise CommandError(message) from error


def _show(answer: requests.Response, address: str) -> None:
    try:
        document = answer.json()
    except ValueError:
        document = None
        click.echo(answer.text)
    else:
        print_json(document)
    if not 200 <= answer.status_code < 300:  # noqa: PLR2004 - the class of successes
        detail = document.get("detail", "") if isinstance(document, dict) else ""
        raise CommandError(f"{address} answered {answer.status_code} {answer.reason}. {detail}".rstrip())
