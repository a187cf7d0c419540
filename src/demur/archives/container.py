"""Zip files, tarballs and folders behind one small interface: names, sizes, an open stream.

Nothing is unpacked to a path that an archive chose, and nothing is read that the archive did not
declare: paths that lead outside, links, devices, passwords, two files of one name and bombs are
refused before the first post is read. It knows no platform.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path
from typing import IO, BinaryIO, TypeVar, cast

from demur.errors import ArchiveUnreadable

_Member = TypeVar("_Member", zipfile.ZipInfo, tarfile.TarInfo)

MAX_FILES = 1_000_000
MAX_FILE = 8 << 30  # bytes of one file; the largest exports seen hold 2 GiB of JSON in all
MAX_TOTAL = 256 << 30  # bytes of all files, unpacked
# Posts as JSON pack 10 to 30 times, deflate can reach 1,032 times. Below the floor a bomb does
# no harm whatever its ratio.
MAX_RATIO = 200
RATIO_FLOOR = 64 << 20

AGAIN = "download the archive again from the platform and import that"

_DAMAGE: tuple[type[Exception], ...] = (
    EOFError,
    OSError,
    zlib.error,
    LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class BrokenFile(ArchiveUnreadable):
    """One file of an otherwise good archive cannot be read. The others can."""


@dataclass(frozen=True, slots=True)
class Container:
    """`sizes` maps the path of each file, with '/' between its parts, to its declared bytes."""

    label: str  # the archive's own name, fit to be shown
    sizes: Mapping[str, int]
    _stream: Callable[[str], IO[bytes]]
    close: Callable[[], None]

    def open(self, name: str) -> io.BufferedReader:
        """A stream that yields exactly the declared bytes or raises `BrokenFile`."""
        try:
            raw = self._stream(name)
        except _DAMAGE as damage:
            raise BrokenFile(f"{shown(name)} cannot be opened; {AGAIN}.") from damage
        return io.BufferedReader(_Exact(raw, name, self.sizes[name]), 1 << 16)

    def read(self, name: str, at_most: int) -> bytes:
        """The whole of a small file; `BrokenFile` if it is larger than `at_most` bytes."""
        if self.sizes[name] > at_most:
            raise BrokenFile(f"{shown(name)} is larger than {at_most:,} bytes and was left out.")
        with self.open(name) as stream:
            return stream.read()

    def spool(self, name: str) -> BinaryIO:
        """The file copied to a nameless temporary one, for readers that must seek."""
        spooled = tempfile.TemporaryFile()  # noqa: SIM115  (the caller closes it)
        with self.open(name) as stream:
            while chunk := stream.read(1 << 20):
                spooled.write(chunk)
        spooled.seek(0)
        return cast(BinaryIO, spooled)


class _Exact(io.RawIOBase):
    """Gives the declared number of bytes. Because no stream can give more than was declared, and
    what was declared is within the limits, the limits hold for the actual bytes too."""

    def __init__(self, raw: IO[bytes], name: str, declared: int) -> None:
        self._raw, self._name, self._declared, self._seen = raw, name, declared, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        try:
            chunk = self._raw.read(len(view))
        except _DAMAGE as damage:
            raise BrokenFile(f"{shown(self._name)} is damaged or cut off; {AGAIN}.") from damage
        self._seen += len(chunk)
        if self._seen > self._declared or (not chunk and self._seen < self._declared):
            raise BrokenFile(f"{shown(self._name)} has not the size its archive states; {AGAIN}.")
        view[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self._raw.close()
        super().close()


def shown(name: str) -> str:
    """A name fit for a message: at most 80 characters, controls and direction marks escaped."""
    safe = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in name[-200:])
    return safe if len(safe) <= 80 else "…" + safe[-79:]


def open_container(path: Path) -> Container:
    """Open a zip, a tar (gzipped or not), a folder or a single file, by what it is, not its name.

    Raises `ArchiveUnreadable` for anything missing, cut off or hostile.
    """
    try:
        if path.is_dir():
            return _folder(path)
        if not path.exists():
            raise ArchiveUnreadable(f"There is no {shown(path.name)}; check the path.")
        if not path.is_file():
            raise ArchiveUnreadable(f"{shown(path.name)} is not a file; give an archive or folder.")
        with path.open("rb") as file:
            head = file.read(512)
    except PermissionError as closed:
        raise ArchiveUnreadable(
            f"{shown(path.name)} may not be read; change its rights."
        ) from closed
    if not head:
        raise ArchiveUnreadable(f"{shown(path.name)} is empty; {AGAIN}.")
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        return _zip(path)
    if head[:2] == b"\x1f\x8b":
        return _tar_gz(path)
    if head[257:262] == b"ustar":
        return _tar(path.open("rb"), shown(path.name))
    return _single(path)


def _folder(path: Path) -> Container:
    paths: dict[str, Path] = {}
    sizes: dict[str, int] = {}
    for folder, folders, files in os.walk(path, onerror=_unreadable):
        for entry in folders + files:
            full = Path(folder, entry)
            name = full.relative_to(path).as_posix()
            status = full.lstat()
            if stat.S_ISDIR(status.st_mode):
                continue
            if not stat.S_ISREG(status.st_mode):
                raise _refused(name, "is a link or a device")
            paths[_safe(name)] = full
            sizes[_safe(name)] = status.st_size
    _check_sizes(sizes, shown(path.name))
    return Container(shown(path.name), sizes, lambda name: paths[name].open("rb"), lambda: None)


def _unreadable(closed: OSError) -> None:
    name = shown(Path(closed.filename or "").name)
    raise ArchiveUnreadable(f"{name} may not be read; change its rights.") from closed


def _single(path: Path) -> Container:
    """One file by itself. A repository (CAR) may have its identity document beside it."""
    paths = {path.name: path}
    if path.suffix == ".car":
        paths |= {p.name: p for p in path.parent.iterdir() if _IDENTITY.search(p.name)}
    sizes = {name: full.stat().st_size for name, full in paths.items()}
    return Container(shown(path.name), sizes, lambda name: paths[name].open("rb"), lambda: None)


_IDENTITY = re.compile(r"did_?doc.*\.json$", re.I)


def _zip(path: Path) -> Container:
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGE as damage:
        raise ArchiveUnreadable(f"{shown(path.name)} is not a whole zip file; {AGAIN}.") from damage
    try:
        return _checked_zip(archive, path)
    except ArchiveUnreadable:
        archive.close()
        raise


def _checked_zip(archive: zipfile.ZipFile, path: Path) -> Container:
    label = shown(path.name)
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        mode = info.external_attr >> 16
        if info.is_dir():
            _safe(info.filename)
            continue
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise _refused(info.filename, "is a link or a device")
        if info.flag_bits & 0x1:
            raise ArchiveUnreadable(f"{label} is locked with a password; unlock it and try again.")
        if info.file_size > RATIO_FLOOR and info.file_size > MAX_RATIO * info.compress_size:
            raise _bomb(label)
        _add(members, info.orig_filename, info)
    sizes = {name: info.file_size for name, info in members.items()}
    _check_sizes(sizes, label)
    # Members may share their packed bytes, so the whole is measured against the file on disk.
    if sum(sizes.values()) > max(RATIO_FLOOR, MAX_RATIO * path.stat().st_size):
        raise _bomb(label)
    return Container(label, sizes, lambda name: archive.open(members[name]), archive.close)


def _tar_gz(path: Path) -> Container:
    """Gzip cannot be read from the middle, so the tar inside is spooled to a temporary file."""
    label = shown(path.name)
    spooled = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115  (closed by _tar)
    total = 0
    try:
        with path.open("rb") as packed, gzip.GzipFile(fileobj=packed) as stream:
            while chunk := stream.read(1 << 20):
                total += len(chunk)
                if total > min(MAX_TOTAL, max(RATIO_FLOOR, MAX_RATIO * packed.tell())):
                    spooled.close()
                    raise _bomb(label)
                spooled.write(chunk)
    except _DAMAGE as damage:
        spooled.close()
        raise ArchiveUnreadable(f"{label} is damaged or cut off; {AGAIN}.") from damage
    spooled.seek(0)
    return _tar(spooled, label)


def _tar(file: BinaryIO, label: str) -> Container:
    """A container over an open tar file, which is closed with it."""
    try:
        archive = tarfile.open(fileobj=cast(IO[bytes], _Sips(file)), mode="r:")  # noqa: SIM115
        members = _tar_members(archive, label)
        sizes = {name: member.size for name, member in members.items()}
        _check_sizes(sizes, label)
    except ArchiveUnreadable:
        file.close()
        raise
    except _DAMAGE as damage:
        file.close()
        raise ArchiveUnreadable(f"{label} is cut off or no tar file; {AGAIN}.") from damage

    def stream(name: str) -> IO[bytes]:
        found = archive.extractfile(members[name])
        if found is None:
            raise BrokenFile(f"{shown(name)} cannot be opened; {AGAIN}.")
        return found

    return Container(label, sizes, stream, file.close)


def _tar_members(archive: tarfile.TarFile, label: str) -> dict[str, tarfile.TarInfo]:
    members: dict[str, tarfile.TarInfo] = {}
    reached = -1
    while (member := archive.next()) is not None:
        # A negative size in a header would lead back to where we were, for ever.
        if member.offset <= reached or member.size < 0:
            raise ArchiveUnreadable(f"{label} is damaged; {AGAIN}.")
        reached = member.offset
        if member.isdir():
            _safe(member.name.rstrip("/"))
        elif member.isreg() and not member.issparse():
            _add(members, member.name, member)
        else:
            raise _refused(member.name, "is a link or a device")
    return members


class _Sips:
    """Lets tarfile read in pieces only: a header that claims gigabytes must not fill memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= 16 << 20:
            raise tarfile.ReadError("a header larger than 16 MiB")
        return self._file.read(size)


def _add(members: dict[str, _Member], name: str, member: _Member) -> None:
    safe = _safe(name)
    if safe in members:
        raise _refused(name, "is there twice, so nobody can say which one is meant")
    if len(members) >= MAX_FILES:
        raise ArchiveUnreadable(f"There are more than {MAX_FILES:,} files; import it in parts.")
    members[safe] = member


def _safe(name: str) -> str:
    parts = name.split("/")
    outside = name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", name) is not None
    if outside or "\\" in name or "\0" in name:
        raise _refused(name, "points outside the archive")
    return "/".join(part for part in parts if part not in ("", "."))


def _refused(name: str, why: str) -> ArchiveUnreadable:
    return ArchiveUnreadable(
        f"{shown(name)} {why}; nothing was imported. Use the archive as the platform made it."
    )


def _bomb(label: str) -> ArchiveUnreadable:
    return ArchiveUnreadable(
        f"{label} would unpack to far more than it holds; nothing was imported. "
        "Use the archive as the platform made it."
    )


def _check_sizes(sizes: Mapping[str, int], label: str) -> None:
    if not sizes:
        raise ArchiveUnreadable(f"{label} holds no files; {AGAIN}.")
    if max(sizes.values()) > MAX_FILE or sum(sizes.values()) > MAX_TOTAL:
        raise _bomb(label)
