"""What takes long and comes out the same in every test is done once for each process.

Most tests make a web process. Nine tenths of its making are reading its routes and the code of its templates. These,
and the mappings that come with the bridge, depend on our sources only, so the tests share them.
"""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Map, Rule, RuleFactory
from werkzeug.routing.matcher import StateMachineMatcher

from bridge.mapping import catalogue


class InMemory(BytecodeCache):
    """Templates that were compiled before, by their text."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        known = self._compiled.get((bucket.key, bucket.checksum))
        if known is not None:
            bucket.load_bytecode(BytesIO(known))

    def dump_bytecode(self, bucket: Bucket) -> None:
        written = BytesIO()
        bucket.write_bytecode(written)
        self._compiled[bucket.key, bucket.checksum] = written.getvalue()


class SharedMap(Map):
    """The routes of an application. They are read when the first of them is needed, and once for all equal maps."""

    _known: ClassVar[dict[Any, tuple[StateMachineMatcher, dict[Any, list[Rule]]]]] = {}
    _reading: ClassVar[Lock] = Lock()

    def __init__(self, *given: Any, **options: Any) -> None:
        self._added: list[Rule] = []
        super().__init__(*given, **options)

    def add(self, rulefactory: RuleFactory) -> None:
        self._added.extend(rulefactory.get_rules(self))
        self._remap = True

    def update(self) -> None:
        if not self._remap:
            return
        with self._reading:  # the first requests of an application may come at the same time
            if not self._remap:
                return
            key = (self.merge_slashes, self.strict_slashes, self.host_matching, *map(_shape, self._added))
            if key not in self._known:
                self._known[key] = self._read()
            self._matcher, self._rules_by_endpoint = self._known[key]
            self._remap = False

    def _read(self) -> tuple[StateMachineMatcher, dict[Any, list[Rule]]]:
        matcher, by_endpoint = StateMachineMatcher(self.merge_slashes), dict[Any, list[Rule]]()
        for rule in self._added:
            rule.bind(self, rebind=True)
            matcher.add(rule)
            by_endpoint.setdefault(rule.endpoint, []).append(rule)
        matcher.update()
        for rules in by_endpoint.values():
            rules.sort(key=Rule.build_compare_key)
        return matcher, by_endpoint


def _shape(rule: Rule) -> Any:
    """What makes two rules the same."""
    how = rule.strict_slashes, rule.build_only, rule.host, repr(rule.defaults)
    automatic = getattr(rule, "provide_automatic_options", None)
    return rule.rule, rule.endpoint, frozenset(rule.methods or ()), automatic, how


def share() -> None:
    """From now on all applications of this process share them."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": InMemory()}
    Flask.url_map_class = SharedMap
    _share_mappings()


def _share_mappings() -> None:
    """The files that come with the bridge are imported once."""
    load: Callable[[Path], catalogue.MappingFile] = catalogue.load_file
    known: dict[Path, catalogue.MappingFile] = {}

    def load_once(path: Path) -> catalogue.MappingFile:
        if path.parent != catalogue.shipped_folder():
            return load(path)
        if path not in known:
            known[path] = load(path)
        return known[path]

    catalogue.load_file = load_once
