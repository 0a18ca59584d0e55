"""Imports run one way, modules stay small, and each has a name that says what it is for."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "bridge").rglob("*.py"))
NAMES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in FILES
}

SHARED = {"bridge"} | {
    f"bridge.{name}"
    for name in (
        "aliases",
        "availability.rules",
        "bounded_http",
        "clock",
        "database",
        "errors",
        "grace",
        "keys",
        "metrics",
        "models",
        "schema_versions",
        "queue",
        "search_index",
        "settings",
        "tracing",
    )
}
"""What every folder may use."""
FOLDERS = {
    "alerts": SHARED
    | {
        "bridge.delivery",
        "bridge.events",
        "bridge.monitoring.drift",
        "bridge.privacy",
        "bridge.propexo",
        "bridge.mapping",
    },
    "availability": SHARED | {"bridge.delivery", "bridge.propexo", "bridge.mapping", "bridge.inbound"},
    "cli": {"bridge"},
    "console": {"bridge"},
    "delivery": SHARED
    | {
        "bridge.encryption",
        "bridge.periodic",
        "bridge.propexo",
        "bridge.mapping",
        "bridge.inbound",
        "bridge.stored_sources",
    },
    "events": SHARED
    | {"bridge.delivery", "bridge.mapping_checks", "bridge.propexo", "bridge.mapping", "bridge.inbound"},
    "inbound": SHARED | {"bridge.mapping"},
    "mapping": SHARED,
    "mapping_checks": SHARED | {"bridge.delivery", "bridge.propexo", "bridge.mapping", "bridge.inbound"},
    "mcp": SHARED
    | {
        "bridge.availability",
        "bridge.inbound",
        "bridge.mapping",
        "bridge.renter.change",
        "bridge.renter.tour",
        "bridge.signing_keys",
    },
    "models": {"bridge.encryption", "bridge.errors"},
    "monitoring": SHARED
    | {
        "bridge.alerts",
        "bridge.delivery",
        "bridge.events",
        "bridge.propexo",
        "bridge.mapping",
        "bridge.inbound",
    },
    "privacy": SHARED | {"bridge.encryption", "bridge.inbound", "bridge.delivery"},
    "propexo": SHARED,
    "replies": SHARED
    | {
        "bridge.availability",
        "bridge.inbound",
        "bridge.mapping",
        "bridge.renter.tour",
        "bridge.widget.words",
    },
    "settings": {"bridge.errors"},
    "renter": SHARED
    | {
        "bridge.availability",
        "bridge.delivery",
        "bridge.inbound",
        "bridge.mapping",
        "bridge.problems",
        "bridge.signing_keys",
        "bridge.widget",
    },
    "widget": SHARED
    | {
        "bridge.availability",
        "bridge.inbound",
        "bridge.mapping",
        "bridge.problems",
        "bridge.propexo",
        "bridge.renter.links",
        "bridge.signing_keys",
    },
    "sandbox": {"bridge.clock", "bridge.errors"},
}
"""What each may import besides itself, with all that is in it. A stored event is read again by the webhook
endpoint's own code."""


@cache
def imports(module: str) -> frozenset[str]:
    """The modules of the bridge that one module imports, wherever in its code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(NAMES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively; write the whole name"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in NAMES else str(node.module) for name in whole}
    return frozenset(name for name in found if name.split(".")[0] == "bridge") - {module}


def is_inside(module: str, allowed: set[str]) -> bool:
    return any(module == one or (one != "bridge" and module.startswith(f"{one}.")) for one in allowed)


@pytest.mark.parametrize("folder", [name for name in FOLDERS if FOLDERS[name] != {"bridge"}])
def test_imports_run_one_way(folder: str) -> None:
    here = f"bridge.{folder}"
    for module in NAMES:
        if is_inside(module, {here}):
            allowed = FOLDERS[folder] | {here}
            assert [
                this_import for this_import in imports(module) if not is_inside(this_import, allowed)
            ] == [], module


def test_exceptions_end_in_error() -> None:
    bases: dict[str, set[str]] = {}
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(
                    base.id for base in node.bases if isinstance(base, ast.Name)
                )

    def is_exception(name: str) -> bool:
        return name == "Exception" or name.endswith("Error") or any(map(is_exception, bases.get(name, ())))

    assert [name for name in bases if is_exception(name) and not name.endswith("Error")] == []


SQL = {
    "alerts": {"storage"},
    "availability": {"storage"},
    "cli": {"checks", "demo", "deployment_facts", "imports", "source_settings"},
    "console": {
        "access.accounts",
        "access.admin",
        "access.feeds",
        "access.sessions",
        "access.throttle",
        "access.tokens",
        "actions.aliases",
        "actions.events",
        "actions.sources",
        "actions.users",
        "api.idempotency",
        "api.limits",
        "api.people",
        "events.action_views",
        "events.bulk_views",
        "events.presenter",
        "queries.action_needed",
        "queries.alerts",
        "queries.bookings",
        "queries.searching",
        "queries.tour_days",
        "sources.presenter",
        "sources.setup",
        "sources.shadow",
        "today.charts",
        "today.figures",
        "workbench.new_mapping",
        "workbench.request_builder",
        "workbench.saving",
        "workbench.views",
    },
    "delivery": {
        "confirm",
        "decided_requests",
        "record",
        "storage.breakers",
        "storage.claims",
        "storage.queries",
        "storage.record_rows",
        "storage.rows",
        "sync_on_demand",
        "worker",
    },
    "events": {"query"},
    "inbound": {"inbox", "propexo_webhooks"},
    "monitoring": {"storage"},
    "privacy": {"erasure", "reencryption", "retention"},
    "propexo": {"shared_limiter"},
    "renter": {"storage"},
    "replies": {"offers"},
    "widget": {"storage"},
}
"""The modules of each folder that hold its SQL; the others call their functions. Models declare tables."""
STATEMENTS = {"select", "insert", "update", "delete", "text"}


def has_sql(module: str) -> bool:
    """Whether a module builds statements with SQLAlchemy."""
    return any(
        isinstance(node, ast.ImportFrom)
        and str(node.module).startswith("sqlalchemy")
        and bool({alias.name for alias in node.names} & STATEMENTS)
        for node in ast.walk(ast.parse(NAMES[module].read_text(encoding="utf-8")))
    )


@pytest.mark.parametrize("folder", sorted(FOLDERS.keys() - {"models"}))
def test_sql_is_in_few_modules(folder: str) -> None:
    here = f"bridge.{folder}."
    found = {module.removeprefix(here) for module in NAMES if module.startswith(here) and has_sql(module)}
    assert found - SQL.get(folder, set()) == set()


PURE = {"bridge.delivery.decide", "bridge.delivery.rules", "bridge.availability.rules"}
EFFECTS = ("sqlalchemy", "psycopg", "requests", "threading", "time", "structlog")


def test_decisions_have_no_effects() -> None:
    """`decide` and its rules import neither what stores, sends or logs, nor any other part of delivery."""
    for module, file in NAMES.items():
        if not is_inside(module, PURE):
            continue
        inner = [
            this_import for this_import in imports(module) if is_inside(this_import, {"bridge.delivery"})
        ]
        assert [one for one in inner if not is_inside(one, PURE)] == [], module
        outer = imports(module) & {"bridge.database", "bridge.queue", "bridge.metrics", "bridge.tracing"}
        assert outer == set(), module
        tree = ast.parse(file.read_text(encoding="utf-8"))
        named = {
            (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        assert [one for one in named if one.split(".")[0] in EFFECTS] == [], module


def test_nothing_imports_console_or_cli() -> None:
    above = {"bridge.console", "bridge.cli"}
    importers = {
        module for module in NAMES if any(is_inside(this_import, above) for this_import in imports(module))
    }
    assert {module for module in importers if not is_inside(module, above)} <= {
        "bridge.app",
        "bridge.__main__",
    }


def test_every_folder_has_its_rule() -> None:
    folders = {
        file.parent.name
        for file in FILES
        if file.parent.parent.name == "bridge" and file.name == "__init__.py"
    }
    assert folders <= FOLDERS.keys()


MODEL = {
    "bridge.mapping",
    "bridge.mapping.forms",
    "bridge.mapping.kinds",
    "bridge.mapping.canonical",
    "bridge.inbound.signatures",
    "bridge.inbound.handshakes",
}
"""All that a mapping file needs."""


def test_mapping_files_use_the_mapping_model_only() -> None:
    for file in (ROOT / "mappings").glob("*.py"):
        tree = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        modules = {str(node.module) for node in tree if isinstance(node, ast.ImportFrom)}
        assert modules <= MODEL, file.name


def test_no_modules_import_each_other() -> None:
    try:
        TopologicalSorter({module: imports(module) for module in NAMES}).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_modules_stay_small() -> None:
    lengths = {module: len(file.read_text(encoding="utf-8").splitlines()) for module, file in NAMES.items()}
    assert {module: length for module, length in lengths.items() if length > 350} == {}


def test_names_say_what_a_module_is_for() -> None:
    vague = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"}
    assert [module for module in NAMES if vague & set(module.split("."))] == []
