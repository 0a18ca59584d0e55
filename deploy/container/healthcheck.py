"""Whether the bridge in this container is ready, for HEALTHCHECK; exit code 1 means no.

Only the standard library: loading the bridge takes more processor time than the answer. The address comes from the
settings that the bridge itself reads, and from the command line of process 1. Where that is another program, give the
command as arguments: `healthcheck.py worker`. A worker answers at server.metrics_port.
"""

import http.client
import json
import os
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TIMEOUT = 4.0
"""Seconds, less than HEALTHCHECK waits."""
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened at
SERVERS = {"serve", "web"}


def server_table(environment: Mapping[str, str]) -> dict[str, Any]:
    """The table `[server]` of bridge.toml, if there is one."""
    path = Path(environment.get("BRIDGE_CONFIG") or "bridge.toml")
    if not path.is_file():
        return {}
    table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("server", {})
    return table


def address(
    command: Sequence[str], server: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[str, int] | None:
    """Where the command of a container answers /readyz; None: it is one that answers nowhere, such as `migrate`."""

    def setting(name: str, default: object) -> str:
        return str(environment.get(f"BRIDGE_SERVER__{name.upper()}") or server.get(name, default))

    host, port = setting("host", "127.0.0.1"), setting("port", 8080)
    if SERVERS & set(command):
        bind = option(command, "--bind")
        if bind:
            host, _, port = bind.rpartition(":")
    elif "worker" in command:
        port = setting("metrics_port", "")
        if not port:
            return None
    else:
        return None
    host = host.strip("[]")
    return EVERYWHERE.get(host, host), int(port)


def option(command: Sequence[str], name: str) -> str | None:
    """The value of an option, as `--name value` or `--name=value`."""
    for word, following in zip(command, [*command[1:], ""], strict=True):
        if word == name:
            return following
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return None


def problem(host: str, port: int) -> str | None:
    """What is wrong, if something is."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/readyz", headers={"Host": "localhost"})
        answer = connection.getresponse()
        body = answer.read(10_000)
    except OSError as error:
        return f"{host}:{port} does not answer ({error})"
    finally:
        connection.close()
    if answer.status == http.client.OK:
        return None
    try:
        return f"/readyz answers {answer.status}: {json.loads(body).get('detail', '')}"
    except ValueError:
        return f"/readyz answers {answer.status}"


def main() -> int:
    """The exit code."""
    command = sys.argv[1:] or Path("/proc/1/cmdline").read_text(encoding="utf-8").split("\0")
    found = address(command, server_table(os.environ), os.environ)
    complaint = problem(*found) if found else None
    if complaint:
        print(complaint)
    return 1 if complaint else 0


if __name__ == "__main__":
    sys.exit(main())
