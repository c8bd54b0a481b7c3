"""Files written whole or not at all, and locks that say who holds them.

A write goes to a temporary file in the same folder, is flushed to disk and renamed over the old
one. `wild`, the service behind Wild Cloud's web interface, writes config.yaml and secrets.yaml by
the same rules and takes the same flock.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from wildgit.errors import InputError, LockedError

LOCK_TIMEOUT_S = 30.0
_RETRY_S = 0.02
MAX_FILE_BYTES = 16 * 1024 * 1024


def read_bytes(path: Path, *, shown_as: str, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the file's content.

    Raises:
        InputError: it is missing, is no regular file (a symbolic link could lead anywhere), or is too large.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise InputError(f"can't be read: {error.strerror}", source=shown_as) from error
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise InputError("is not a regular file", source=shown_as)
        if status.st_size > max_bytes:
            raise InputError(f"has {status.st_size:,} bytes; at most {max_bytes:,} are read", source=shown_as)
        return file.read()


def write_atomically(path: Path, data: bytes, *, mode: int | None = None, durable: bool = True) -> None:
    """Replace the file by `data`; whoever reads it meanwhile sees the old content or the new one.

    Args:
        path: the file; its folder is made when missing.
        data: the whole new content.
        mode: permission bits; None keeps those of the old file, or gives a new one 0666 less the umask.
        durable: flush to disk first; not needed for what git has in its objects.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if mode is None:
        with suppress(OSError):
            mode = path.stat(follow_symlinks=False).st_mode & 0o777
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
    try:
        with os.fdopen(handle, "wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Make renames and deletions in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(path: Path, *, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[None]:
    """Hold the flock on `path`, a lock file that is made when missing and never removed.

    Raises:
        LockedError: another process still held it after `timeout_s`; the message names its process id.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _wait_for_lock(handle, path, timeout_s)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _wait_for_lock(handle: int, path: Path, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
                raise LockedError(
                    f"{path.name} is locked by process {holder}",
                    hint=f"wait for it to finish, or see what it is: ps -p {holder}",
                ) from None
            time.sleep(_RETRY_S)
        else:
            return
