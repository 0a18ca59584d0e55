"""What takes long and comes out the same in every test is done once for each process.

Most tests make a web process. Nine tenths of its making are reading its routes, the code that builds their addresses,
and the code of its templates. These, and the mappings that come with the bridge, depend on our sources only, so the
tests share them.
"""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

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


def share() -> None:
    """From now on all applications of this process share them."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": InMemory()}
    _share_routes()
    _share_builders()
    _share_mappings()


def _share_routes() -> None:
    """The parts of a path, by its text: what is in them is the same in every application."""
    compile_anew: Callable[[Rule], None] = Rule.compile
    known: dict[Any, Any] = {}

    def compiled(self: Rule) -> None:
        assert self.map is not None
        key = (self.rule, self.subdomain, self.host, self.merge_slashes, self.map.host_matching)
        if self.defaults or self.map.converters != self.map.default_converters:
            compile_anew(self)
        elif key not in known:
            compile_anew(self)
            known[key] = self._parts, self._trace, self._converters, frozenset(self.arguments)
        else:
            self._parts, self._trace, self._converters, arguments = known[key]
            self.arguments |= arguments
            self._build = self._compile_builder(False).__get__(self, None)
            self._build_unknown = self._compile_builder(True).__get__(self, None)

    Rule.compile = compiled  # type: ignore[method-assign]


def _share_builders() -> None:
    """The code that builds an address of a route."""
    compile_anew: Callable[..., Any] = Rule._compile_builder
    known: dict[Any, Any] = {}

    def builder(self: Rule, append_unknown: bool = True) -> Any:
        if self.defaults:
            return compile_anew(self, append_unknown)
        key = (self.rule, tuple(self._trace), append_unknown)
        if key not in known:
            known[key] = compile_anew(self, append_unknown)
        return known[key]

    Rule._compile_builder = builder  # type: ignore[method-assign]


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
