"""Where gunicorn's workers show that they live."""

from pathlib import Path

from bridge.cli.gunicorn import Server, heartbeat_folder
from bridge.settings import parse


def test_in_memory_where_that_can_be_written(tmp_path: Path) -> None:
    assert heartbeat_folder(tmp_path) == str(tmp_path)
    assert heartbeat_folder(tmp_path / "missing") is None


def test_gunicorn_takes_it_and_opens_no_control_socket() -> None:
    server = Server(parse({"propexo": {"token": "t"}}, {}), "postgresql://unused", [])
    assert server.cfg.worker_tmp_dir == heartbeat_folder()
    assert server.cfg.control_socket_disable is True
