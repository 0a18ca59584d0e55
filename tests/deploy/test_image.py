"""The image is built from deploy/container/Dockerfile, and runs the demo and its health check.

There may be no registry: the base image of that name is made of Debian's packages, with mmdebstrap, and the image is
built and run by buildah, whose isolation "chroot" needs no user namespaces. It skips without root or either program.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTAINER = ROOT / "deploy/container"
BASE = "python:3.13-slim"
CERTIFICATES = "/etc/ssl/certs"
BASE_FILE = """
FROM scratch
ADD base.tar /
RUN ln -s /usr/bin/python3 /usr/local/bin/python
"""
PACKAGES = "python3,python3-pip,python3-venv,ca-certificates"
PATIENCE = 1500.0

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(2 * PATIENCE),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can make the root folder of an image"),
    pytest.mark.skipif(
        not (shutil.which("buildah") and shutil.which("mmdebstrap")),
        reason="buildah and mmdebstrap are needed to build an image without a registry",
    ),
]


class Buildah:
    """Images and containers in a folder of this test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._container = ""

    def __call__(self, *args: str, may_fail: bool = False) -> subprocess.CompletedProcess[str]:
        storage = ["--root", f"{self.folder}/images", "--runroot", f"{self.folder}/run"]
        result = subprocess.run(
            ["buildah", *storage, "--storage-driver", "overlay", *args],
            check=False, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        assert may_fail or result.returncode == 0, result.stderr[-3000:]
        return result

    def build(self, name: str, file: Path, context: Path, *more: str) -> None:
        self(
            "bud", "--layers=false", "--isolation", "chroot", "--network", "host", "--pull-never",
            "--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro", "--format", "docker", *more,
            "--file", str(file), "--tag", name, str(context),
        )  # fmt: skip

    def run(
        self, *command: str, user: str = "10001:0", may_fail: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a container of the image."""
        self._container = self._container or self("from", "--pull-never", "localhost/bridge").stdout.strip()
        options = ["--isolation", "chroot", "--network", "host", "--user", user]
        return self("run", *options, self._container, "--", *command, may_fail=may_fail)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buildah]:
    folder = tmp_path_factory.mktemp("image")
    buildah = Buildah(folder)
    context = folder / "base"
    context.mkdir()
    made = subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", "trixie", context / "base.tar"],
        check=False, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"no base image can be made of Debian's packages: {made.stderr[-300:]}")
    (folder / "Basefile").write_text(BASE_FILE)
    buildah.build(BASE, folder / "Basefile", context)
    ignored = ["--ignorefile", str(CONTAINER / "Dockerfile.dockerignore")]
    buildah.build("localhost/bridge", CONTAINER / "Dockerfile", ROOT, *ignored)
    yield buildah
    buildah("rm", "--all", may_fail=True)
    buildah("rmi", "--all", "--force", may_fail=True)


def test_image(image: Buildah) -> None:
    """One test: a build takes minutes, and pytest-xdist must not do it twice."""
    settings = json.loads(image("inspect", "localhost/bridge").stdout)["Docker"]["config"]
    assert (settings["User"], settings["StopSignal"], settings["Entrypoint"]) == (
        "10001:0",
        "SIGTERM",
        ["bridge"],
    )
    assert settings["Healthcheck"]["Test"][-1] == "/opt/bridge/healthcheck.py"

    nothing = (
        "command -v cc gcc pip; find / -xdev -name '*.whl' -not -path '/usr/share/*' -o -path '*/.cache/pip'"
    )
    found = [
        line
        for line in image.run("sh", "-c", nothing, may_fail=True).stdout.split()
        if "ensurepip" not in line
    ]
    assert [line for line in found if line.startswith(("/opt", "/var", "/root", "/build", "/source"))] == []
    assert image.run("bridge", "--version").stdout.startswith("bridge, version")
    assert image.run("id", "-u").stdout.strip() == "10001"

    read_only = (
        "! touch /opt/bridge/x 2>/dev/null && touch /var/lib/bridge/x && rm /var/lib/bridge/x && echo kept"
    )
    for user in ("10001:0", "1234567:0"):
        assert image.run("sh", "-c", read_only, user=user).stdout.strip() == "kept", user
    assert image.run("bridge", "--version", user="1234567:0").stdout.startswith("bridge, version")

    outcome = image.run("bridge", "demo", "--once", "--json")
    assert len(outcome.stdout.splitlines()) > 10

    serve = (
        "export BRIDGE_CONFIG=/tmp/bridge.toml BRIDGE_SERVER__HOST=127.0.0.1 BRIDGE_SERVER__PORT=18080;"
        "printf '[propexo]\\ntoken = \"t\"\\n' > $BRIDGE_CONFIG; bridge serve & child=$!;"
        "n=0; until /opt/bridge/bin/python -I -S /opt/bridge/healthcheck.py web; do"
        " n=$((n+1)); [ $n -lt 300 ] || exit 1; sleep 1; done; kill $child; wait $child; echo ended $?"
    )
    assert image.run("sh", "-c", serve).stdout.splitlines()[-1] == "ended 0"
