"""The walk of the README: its bridge.toml and its page book at what `bridge sandbox` has."""

import re
import tomllib
from typing import Any
from urllib.parse import parse_qs, urlsplit

from documentation.documents import README, TEXTS

from bridge.app import create_app
from bridge.cli.sandbox import furnish
from bridge.database import Database
from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox
from bridge.settings import parse


def test_the_configuration_and_the_page_of_the_readme_offer_times(database: Database, clock: Any) -> None:
    written = TEXTS[README].split("## Put the widget on a page", 1)[1]
    fenced = dict(re.findall(r"^ +```(toml|html)\n(.*?)^ +```$", written, re.MULTILINE | re.DOTALL))
    page, document = fenced["html"], tomllib.loads(fenced["toml"])
    account = Sandbox(clock)
    place = document["properties"]["oakwood"]
    assert furnish(account, place["pms"]) == (place["integration_id"], place["property_id"])
    line = urlsplit(re.search(r'src="([^"]+)"', page)[1])  # type: ignore[index]  # it is there
    named = {name: value for name, [value] in parse_qs(line.query).items()}
    [origin] = document["sources"][named["source"]]["origins"]
    assert origin in written.replace("<", " ")
    with SandboxServer(account) as propexo:
        document["propexo"]["base_url"] = propexo.url
        client = create_app(parse(document, {}), database, clock=clock).test_client()
        assert client.get(line.path).status_code == 200
        query = {"property": named["property"], "days": "14"}
        answer = client.get(
            f"/availability/{named['source']}", query_string=query, headers={"Origin": origin}
        )
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert len(answer.json["slots"]) > 0
