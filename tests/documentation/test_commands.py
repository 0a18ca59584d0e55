"""Every command is named in the documents, and every command that they name exists."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest
from documentation.documents import DOCUMENTS, TEXTS, blocks, code_words

from bridge.cli import main


def commands(group: click.Group = main, *before: str) -> Iterator[tuple[str, ...]]:
    """Every command, also below groups, by its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)
        else:
            yield (*before, name)


def command_lines() -> Iterator[tuple[str, str]]:
    """Each `bridge ...` in the documents, without what a shell would do besides."""
    for document in DOCUMENTS:
        in_blocks = [
            line
            for text in [*blocks(document, "sh"), *blocks(document, "")]
            for line in text.splitlines()
            if line.startswith("bridge ")
        ]
        for line in [
            *in_blocks,
            *(word for word in sorted(code_words(document)) if word.startswith("bridge ")),
        ]:
            yield document.parent.name, re.split(r" [#|&]", line)[0].strip()


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_every_command_is_named(command: tuple[str, ...]) -> None:
    line = re.compile(rf"\bbridge {' '.join(command)}\b")
    assert any(line.search(text) for text in TEXTS.values())


@pytest.mark.parametrize(("where", "line"), list(command_lines()))
def test_every_command_that_is_named_exists(where: str, line: str) -> None:
    command: click.Command = main
    words = shlex.split(line)[1:]
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None, line
        command = found
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    assert {word for word in words if word.startswith("--")} <= known
