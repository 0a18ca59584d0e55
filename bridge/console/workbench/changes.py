"""What saving a mapping changes in `mappings_dir`, file by file, and whether this installation allows it."""

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.console.workbench.tasks import UnsavedPayload
from bridge.mapping.samples import BESIDE

LONGEST_DIFFERENCE = 400
"""Lines of a file's difference that a page shows."""
CONTEXT = 2
"""Equal lines that stay around a changed one."""


@dataclass(frozen=True)
class FileChange:
    """One file of `mappings_dir`."""

    name: str
    """Below `mappings_dir`."""
    before: bytes | None
    """`None`: there is no such file."""
    after: bytes | None
    """`None`: it is removed."""

    @property
    def is_new(self) -> bool:
        return self.before is None

    @property
    def difference(self) -> list[tuple[str, str]]:
        """Its lines with `+`, `-`, or a blank; `@` replaces lines that are left out."""
        found = difflib.unified_diff(_lines(self.before), _lines(self.after), n=CONTEXT, lineterm="")
        lines = [("@", "…") if line.startswith("@@") else (line[:1], line[1:]) for line in found][2:]
        shown = lines[:LONGEST_DIFFERENCE]
        left_out = len(lines) - len(shown)
        return [*shown, *([("@", f"{left_out} more lines")] if left_out else [])]


def refusal_to_save(*, allowed: bool, edit_refusal: str | None, folder_refusal: str | None) -> str | None:
    """Why a mapping may not be saved here, as a sentence; None where it may."""
    if not allowed:
        return "Saving is switched off: `save_mappings` under [console]. Download the file instead."
    return edit_refusal or folder_refusal


def file_changes(
    name: str,
    text: str,
    present: Mapping[str, bytes],
    samples: Mapping[str, bytes],
    payloads: Sequence[UnsavedPayload],
    beside: Sequence[Mapping[str, str]],
    bookings: Mapping[str, str],
) -> tuple[FileChange, ...]:
    """What changes, the mapping's own file last: it counts as soon as it is there.

    `present` are the files of this mapping in `mappings_dir`, by their names below it; `samples` those that it has to
    keep, by their bare names; `payloads` become samples, with the files `beside` them; `bookings` are the accepted ones
    of samples that stay.
    """
    kept = dict(samples)
    for payload, texts in zip(payloads, beside, strict=True):
        for ending in BESIDE:
            kept.pop(f"{payload.name}{ending}", None)
        kept[payload.file_name] = payload.request.body
        kept |= {f"{payload.name}{ending}": texts[ending].encode() for ending in BESIDE if ending in texts}
    kept |= {f"{sample}.booking.json": booking.encode() for sample, booking in bookings.items()}
    wanted = {f"samples/{name}/{file}": content for file, content in sorted(kept.items())}
    wanted[f"{name}.py"] = text.encode()
    removed = {file: None for file in sorted(present) if file not in wanted}
    changes = (FileChange(file, present.get(file), content) for file, content in (removed | wanted).items())
    return tuple(change for change in changes if change.before != change.after)


def digest_of(changes: Sequence[FileChange]) -> str:
    """Another one for any other change: what is confirmed is what was shown."""
    parts = [[change.name, _digest(change.before), _digest(change.after)] for change in changes]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def is_confirmed(changes: Sequence[FileChange], seen: str) -> bool:
    """Whether they may be written: nothing that exists is replaced, or the user has seen the changes."""
    return all(change.is_new for change in changes) or seen == digest_of(changes)


def _digest(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def _lines(content: bytes | None) -> list[str]:
    return [] if content is None else content.decode("utf-8", "replace").splitlines()
