"""Saving a mapping with its samples into `mappings_dir`: planned, checked, confirmed, written, recorded."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, update

from bridge.console import audit
from bridge.console.actions.events import must_be
from bridge.console.actor import Actor
from bridge.console.workbench.changes import FileChange, digest_of, file_changes, is_confirmed
from bridge.console.workbench.folder import files_of, write
from bridge.console.workbench.request_builder import name_problems
from bridge.console.workbench.sandbox_process import Bench
from bridge.console.workbench.tasks import ContractCheck, Script, UnsavedPayload
from bridge.database import Database
from bridge.errors import BridgeError
from bridge.mapping.catalogue import Catalogue
from bridge.mapping.samples import BESIDE, UnsavedSample, orphans_in
from bridge.mapping_checks.recorded_requests import NAME, NAME_HINT
from bridge.models import Role, StoredSource
from bridge.settings import Settings
from bridge.stored_sources import LiveSources


class SavingNotAllowedError(BridgeError):
    """This installation does not let the console save mappings."""

    code = "saving_not_allowed"


class ContractNotKeptError(BridgeError):
    """The mapping does not keep to the contract of mapping files; it is not saved."""

    code = "contract_not_kept"

    def __init__(self, findings: Sequence[str]) -> None:
        self.findings = tuple(findings)
        """What is wrong, as sentences."""
        super().__init__("\n".join(findings))


class FilesReplacedError(BridgeError):
    """Saving replaces files. Look at the difference, then confirm it."""

    code = "files_replaced"

    def __init__(self, changes: Sequence[FileChange]) -> None:
        self.changes, self.digest = tuple(changes), digest_of(changes)
        super().__init__()


class FilesNotWrittenError(BridgeError):
    """The files cannot be written."""

    code = "files_not_written"


@dataclass(frozen=True)
class SavedMapping:
    """What is saved, and where it counts already."""

    name: str
    changes: tuple[FileChange, ...]
    read_at_once: tuple[str, ...]
    """Stored sources: they read with it within a second."""
    read_after_restart: tuple[str, ...]
    """Sources of bridge.toml."""


def planned(
    bench: Bench,
    settings: Settings,
    folder: Path,
    script: Script,
    accepted: Sequence[str],
    added: Sequence[UnsavedPayload],
) -> tuple[FileChange, ...]:
    """What saving would change. `added` become samples; of those that are `accepted` the booking may change.

    Raises:
        ContractNotKeptError: it cannot be loaded, or what `bridge mappings test` would find.
        WorkbenchTimeoutError, EmptyResultError: the check does not end, or ends its process.
    """
    problems = name_problems([payload.name for payload in added])
    if not NAME.fullmatch(script.name):
        problems.append(f"The name of the mapping: found {script.name!r}; {NAME_HINT}.")
    if problems:
        raise ContractNotKeptError(problems)
    present, shipped = files_of(folder, script.name), shipped_text(folder, script.name)
    if shipped is not None:
        if shipped.decode().strip() == script.text.strip():
            return ()
        present[f"{script.name}.py"] = shipped
    samples = _samples_of(folder, script.name, present)
    result = bench.run(ContractCheck(script, _unsaved(samples), frozenset(accepted), tuple(added), settings))
    strays = [f"{stray.name} belongs to no sample." for stray in orphans_in(folder / "samples" / script.name)]
    findings = [result["problem"]] if "problem" in result else [*result["findings"], *strays]
    if findings:
        raise ContractNotKeptError(findings)
    known = {Path(file).stem for file in samples}  # the text that was tried out could name any file
    bookings = {name: text for name, text in result["bookings"].items() if name in known}
    if shipped is not None:  # its accepted bookings change as well, and are shown like the text
        files = (f"{name}.booking.json" for name in bookings)
        present |= {f"samples/{script.name}/{file}": samples[file] for file in files if file in samples}
    return file_changes(script.name, script.text, present, samples, added, result["beside"], bookings)


def save(
    live: LiveSources,
    database: Database,
    actor: Actor,
    name: str,
    changes: Sequence[FileChange],
    seen: str,
    now: datetime,
) -> SavedMapping:
    """Write these changes. `seen` is the digest of what was shown, if files are replaced.

    Raises:
        NotAllowedError: the actor is no admin.
        FilesReplacedError: files are replaced, and not as it was shown.
        FilesNotWrittenError: the system refuses.
    """
    must_be(actor, Role.ADMIN)
    folder = live.settings.mappings_dir
    assert folder is not None  # else saving is refused
    if not is_confirmed(changes, seen):
        raise FilesReplacedError(changes)
    stored, configured = reading_with(live, database, name)
    if not changes:
        return SavedMapping(name, (), stored, configured)
    with database.session() as session:
        before, after = _audited(name, changes)
        audit.record(session, actor, now, "saved", ("mapping", name), before=before, after=after)
        session.execute(
            update(StoredSource)
            .where(StoredSource.key.in_(stored))
            .values(version=func.nextval("stored_source_version"))
        )
        session.flush()
        try:
            write(folder, changes)
        except OSError as error:
            raise FilesNotWrittenError(
                f"The files cannot be written into {folder}: {error.strerror}."
            ) from error
    live.refresh(at_once=True)
    return SavedMapping(name, tuple(changes), stored, configured)


def _audited(name: str, changes: Sequence[FileChange]) -> tuple[dict[str, str] | None, dict[str, object]]:
    """The mapping's text by its digest, and the names of all files; none of their content."""
    own = next((change for change in changes if change.name == f"{name}.py"), None)
    before = {"sha256": hashlib.sha256(own.before).hexdigest()} if own and own.before is not None else None
    after: dict[str, object] = {"files": [change.name for change in changes]}
    if own and own.after is not None:
        after["sha256"] = hashlib.sha256(own.after).hexdigest()
    return before, after


def reading_with(live: LiveSources, database: Database, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sources that read with this mapping: stored ones, and those of bridge.toml."""
    configured = live.settings.sources.configured
    with database.session() as session:
        stored = session.execute(
            select(StoredSource.key, StoredSource.document).where(StoredSource.document.is_not(None))
        )
        keys = [
            key
            for key, document in stored
            if document and document.get("mapping") == name and key not in configured
        ]
    return (
        tuple(sorted(keys)),
        tuple(sorted(key for key, source in configured.items() if source.mapping == name)),
    )


def _samples_of(folder: Path, name: str, present: dict[str, bytes]) -> dict[str, bytes]:
    """The files of the samples that it has; those of the bridge's own mapping, where it begins to replace that."""
    own = {Path(file).name: content for file, content in present.items() if file != f"{name}.py"}
    if own:
        return own
    path = Catalogue(folder).paths.get(name)
    files = sorted((path.parent / "samples" / name).glob("*")) if path else []
    return {file.name: file.read_bytes() for file in files if file.is_file()}


def shipped_text(folder: Path, name: str) -> bytes | None:
    """The bridge's own mapping of this name, where the folder has none that wins."""
    path = Catalogue(folder).paths.get(name)
    return path.read_bytes() if path and path.parent != folder else None


def _unsaved(files: dict[str, bytes]) -> tuple[UnsavedSample, ...]:
    return tuple(
        UnsavedSample(Path(name), files) for name in files if not name.endswith(BESIDE) and name[0] != "."
    )
