"""Browsers that sign in to the console with a password, and who a page says one is."""

import re
from typing import Any

PASSWORD = "correct horse battery"
FROM_OWN_PAGE = {"HTTP_SEC_FETCH_SITE": "same-origin"}
"""What a browser says of a form of the console, for `environ_base` of a test client."""


def browser_of(app: Any) -> Any:
    """A client that says of each form that a page of the console sent it."""
    client = app.test_client()
    client.environ_base |= FROM_OWN_PAGE
    return client


def sign_in(client: Any, name: str = "maya", password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/console/sign-in", data={"name": name, "password": password, **more})


def signed_in_as(client: Any) -> str | None:
    """Who a page says one is."""
    found = re.search(r'class="name">([^<]+)<small>([^<]+)<', client.get("/console/sign-in").text)
    return ", ".join(found.groups()) if found else None
