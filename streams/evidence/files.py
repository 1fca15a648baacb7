"""The few ways in which this package touches the disk: whole writes, durable renames, one lock, fixed-width files."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from streams.evidence.errors import StoreWriteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def write_all(handle: int, data: bytes, at: int) -> None:
    """Write every byte at offset `at`; the kernel may take fewer at a time."""
    view = memoryview(data)
    while view:
        written = os.pwrite(handle, view, at)
        view, at = view[written:], at + written


def fsync_directory(directory: Path) -> None:
    """Make names created or removed in a directory durable."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_durably(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace a file whole: after a crash it holds the old bytes or the new, never a part.

    Raises:
        StoreWriteError: the old bytes still stand.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        try:
            write_all(handle, data, 0)
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.replace(path)
        fsync_directory(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StoreWriteError(
            f"Could not write {path}: {error.strerror}. Free space or mend the rights, then retry."
        ) from error


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file for a moment; processes on this machine take turns."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreWriteError(
            f"Cannot take the lock {path}: {error.strerror}. Check that this user owns the directory."
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class FixedFile:
    """A file of records of one width, addressed by number; derived data, so it is never synced on its own."""

    def __init__(self, path: Path, width: int) -> None:
        self.path, self.width = path, width
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def write(self, number: int, data: bytes) -> None:
        """Write whole records from `number` on."""
        assert len(data) % self.width == 0
        try:
            write_all(self._handle, data, number * self.width)
        except OSError as error:
            raise StoreWriteError(
                f"Could not write {self.path}: {error.strerror}. The batch itself is safe: free space, "
                "then append again."
            ) from error

    def read(self, number: int) -> bytes:
        """One record; shorter than the width when it was never written."""
        return os.pread(self._handle, self.width, number * self.width)

    def count(self) -> int:
        """Whole records in the file."""
        return os.fstat(self._handle).st_size // self.width

    def truncate(self, count: int) -> None:
        """Keep the first `count` records."""
        if os.fstat(self._handle).st_size > count * self.width:
            os.ftruncate(self._handle, count * self.width)

    def sync(self) -> None:
        """Make all records durable."""
        os.fdatasync(self._handle)

    def close(self) -> None:
        """Give the handle back."""
        os.close(self._handle)
