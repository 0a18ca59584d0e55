"""What takes long and comes out the same in every test is done once for each process.

Most tests make a web process. Nine tenths of its making are the code that builds addresses for its routes, and the
code of its templates: both depend on our sources only, so the tests share them.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule


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
