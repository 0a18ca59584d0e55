"""The chart renders valid objects, whose hooks use only what exists before it, and which grant what a stop takes.

`helm` renders: BRIDGE_TEST_HELM, or the one in PATH; .ci/run takes it from an npm package. The schemas are those of
`kubernetes-validate`. There is no cluster: nothing is installed.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from bridge import grace
from bridge.app import create_app
from bridge.database import Database
from bridge.settings import parse

CHART = Path(__file__).parents[2] / "deploy/helm"
HELM = os.environ.get("BRIDGE_TEST_HELM") or shutil.which("helm")
VERSIONS = ["1.27", "1.34"]
"""Of Kubernetes: the oldest that the chart names, and a recent one."""
SECRET = "bridge-secrets"
MINIMAL: dict[str, Any] = {
    "image": {"repository": "registry.example.com/bridge"},
    "existingSecret": SECRET,
    "config": '[propexo]\ntoken = "${PROPEXO_TOKEN}"\n',
}
EVERYTHING = MINIMAL | {
    "ingress": {"enabled": True, "host": "bridge.example.com", "private": True, "tlsSecret": "tls"},
    "serviceMonitor": {"enabled": True},
    "web": {"autoscaling": {"enabled": True}},
    "networkPolicy": {"privateFrom": [{"podSelector": {}}]},
    "backup": {"enabled": True, "existingClaim": "backups", "passphraseSecret": "passphrase"},
    "podAnnotations": {"example.com/team": "leasing"},
    "imagePullSecrets": [{"name": "registry"}],
}

pytestmark = pytest.mark.skipif(not HELM, reason="there is no helm; set BRIDGE_TEST_HELM")


def helm(*args: str, values: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "values.json"
    file.write_text(json.dumps(values))
    return subprocess.run(
        [str(HELM), *args, "--values", str(file)],
        check=False, capture_output=True, text=True, env={**os.environ, "HELM_CACHE_HOME": str(folder / "cache")},
    )  # fmt: skip


def render(values: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    result = helm("template", "tours", str(CHART), values=values, folder=folder)
    assert result.returncode == 0, result.stderr
    return [each for each in yaml.safe_load_all(result.stdout) if each]


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return render(EVERYTHING, tmp_path_factory.mktemp("chart"))


def pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The specification of the pods of each Deployment, Job and CronJob."""
    jobs = {"Deployment", "Job"}
    found = {each["metadata"]["name"]: each["spec"] for each in objects if each["kind"] in jobs | {"CronJob"}}
    return {
        name: spec.get("jobTemplate", {"spec": spec})["spec"]["template"]["spec"]
        for name, spec in found.items()
    }


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("values", [MINIMAL, EVERYTHING], ids=["minimal", "everything"])
def test_the_objects_are_valid(values: dict[str, Any], version: str, tmp_path: Path) -> None:
    found = render(values, tmp_path)
    for each in found:
        if each["kind"] != "PodMonitor":  # of the Prometheus operator, whose schema is not Kubernetes'
            kubernetes_validate.validate(each, version, strict=True)
    names = [(each["kind"], each["metadata"]["name"]) for each in found]
    assert len(names) == len(set(names)) >= 9


def test_lint(tmp_path: Path) -> None:
    assert helm("lint", "--strict", str(CHART), values=EVERYTHING, folder=tmp_path).returncode == 0


@pytest.mark.parametrize(
    "change", [{"existingSecret": ""}, {"image": {"repository": ""}}, {"drain": -1}, {"databse": {}}]
)
def test_values_are_checked(change: dict[str, Any], tmp_path: Path) -> None:
    result = helm("template", "tours", str(CHART), values=MINIMAL | change, folder=tmp_path)
    assert result.returncode != 0
    assert next(iter(change)) in result.stderr


def test_every_value_is_described() -> None:
    def described(values: Any, schema: Any) -> Iterator[str]:
        for name, value in values.items():
            entry = schema["properties"][name]
            if "properties" in entry:
                assert value.keys() == entry["properties"].keys(), name
                yield from described(value, entry)
            else:
                assert entry["description"].endswith("."), name
                yield name

    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert len(list(described(values, json.loads((CHART / "values.schema.json").read_text())))) > 20


def references(value: Any, kind: str, key: str) -> set[str]:
    """The names in every `kind: {key: NAME}` within an object."""
    match value:
        case dict():
            inner = value.get(kind)
            own = {inner[key]} if isinstance(inner, dict) and key in inner else set()
            return own.union(*(references(each, kind, key) for each in value.values()))
        case list():
            return set().union(*(references(each, kind, key) for each in value))
    return set()


def test_hooks_use_only_hooks_and_what_the_values_name(objects: list[dict[str, Any]]) -> None:
    hooks = [each for each in objects if "helm.sh/hook" in each["metadata"].get("annotations", {})]
    made = {each["metadata"]["name"] for each in hooks}
    assert {each["kind"] for each in hooks} == {"Job", "ConfigMap"}
    for each in hooks:
        assert references(each, "configMap", "name") <= made
        assert references(each, "secretRef", "name") <= {SECRET}
        assert references(each, "spec", "serviceAccountName") == set()
    [job] = [each for each in hooks if each["kind"] == "Job"]
    assert job["spec"]["backoffLimit"] == 0
    assert not [name for name in job["spec"]["template"]["spec"]["containers"][0] if name.endswith("Probe")]


def test_a_stop_gets_more_time_than_it_takes(objects: list[dict[str, Any]]) -> None:
    for name in ("tours-web", "tours-worker"):
        pod = pods(objects)[name]
        [drain] = [
            one["value"] for one in pod["containers"][0]["env"] if one["name"] == "BRIDGE_SERVER__DRAIN"
        ]
        assert pod["terminationGracePeriodSeconds"] > grace.total(float(drain))
        assert float(drain) > 0


def test_pods_are_confined(objects: list[dict[str, Any]]) -> None:
    assert pods(objects).keys() == {"tours-web", "tours-worker", "tours-migrate", "tours-backup"}
    for pod in pods(objects).values():
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is False
        [container] = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert {volumeMount["mountPath"] for volumeMount in container["volumeMounts"]} >= {
            "/tmp",
            "/dev/shm",
            "/etc/bridge",
        }


def test_probes(objects: list[dict[str, Any]]) -> None:
    for name in ("tours-web", "tours-worker"):
        [container] = pods(objects)[name]["containers"]
        paths = {kind: container[kind]["httpGet"]["path"] for kind in container if kind.endswith("Probe")}
        assert paths == {"startupProbe": "/livez", "readinessProbe": "/readyz", "livenessProbe": "/livez"}
        startup = container["startupProbe"]
        assert startup["periodSeconds"] * startup["failureThreshold"] == 300


def test_the_backup(objects: list[dict[str, Any]], tmp_path: Path) -> None:
    pod = pods(objects)["tours-backup"]
    [container] = pod["containers"]
    volumes = {each["name"]: each for each in pod["volumes"]}
    mounted = {each["mountPath"]: volumes[each["name"]] for each in container["volumeMounts"]}
    assert mounted["/backups"]["persistentVolumeClaim"]["claimName"] == "backups"
    assert mounted["/passphrase"]["secret"]["secretName"] == "passphrase"
    assert container["args"] == [
        *("backup", "/backups", "--keep", "14"),
        *("--passphrase-file", "/passphrase/passphrase"),
    ]
    plain = pods(render(MINIMAL | {"backup": {"enabled": True, "existingClaim": "b"}}, tmp_path))
    assert plain["tours-backup"]["containers"][0]["args"] == ["backup", "/backups", "--keep", "14"]
    without = helm(
        "template", "tours", str(CHART), values=MINIMAL | {"backup": {"enabled": True}}, folder=tmp_path
    )
    assert "backup.existingClaim is missing" in without.stderr


def test_changed_settings_restart_the_pods(tmp_path: Path) -> None:
    def checksum(config: str) -> str:
        found = render(MINIMAL | {"config": config}, tmp_path)
        [web] = [
            each for each in found if each["metadata"]["name"] == "tours-web" and each["kind"] == "Deployment"
        ]
        return str(web["spec"]["template"]["metadata"]["annotations"]["checksum/config"])

    assert checksum("a = 1") != checksum("a = 2")


PROBES = {"/livez", "/readyz"}
SECURITY_CONTACT = {"security_contact": "mailto:security@example.com"}


def test_the_ingress_has_every_public_path(objects: list[dict[str, Any]], database: Database) -> None:
    [ingress] = [each for each in objects if each["kind"] == "Ingress"]
    paths = {
        path["path"]: path["backend"]["service"]["port"]["name"]
        for path in ingress["spec"]["rules"][0]["http"]["paths"]
    }
    assert paths.pop("/") == "private"
    assert set(paths.values()) == {"public"}
    document = {
        "propexo": {"token": "t", "webhook_secrets": ["whsec_twelve-letters"]},
        "server": SECURITY_CONTACT,
    }
    app = create_app(parse(document, {}), database, private_address=("127.0.0.1", "8081"))
    public = {rule.rule for rule in app.extensions["public"].url_map.iter_rules()} - PROBES
    assert public
    # "Prefix" compares whole elements of a path: /widget has /widget/a, and not /widget.js.
    assert {
        rule for rule in public if not any(rule == path or rule.startswith(f"{path}/") for path in paths)
    } == set()
