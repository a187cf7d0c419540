"""Files put into a zip or a tar.gz so that the same files always give the same bytes.

Order, times, rights and owners are fixed. Deflate's bytes depend on the zlib at hand, so nothing is
compressed but what must be, and the tar.gz holds stored blocks.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

_MOMENT = (2026, 6, 15, 12, 0, 0)  # the day on which the village asked for its archives
_SECONDS = 1_781_524_800


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as box:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.create_system = 3  # as written on Unix, wherever this runs
            entry.external_attr = 0o644 << 16
            box.writestr(entry, files[name])
    return out.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as box:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(files[name]), _SECONDS, 0o644
            box.addfile(entry, io.BytesIO(files[name]))
    return gzip.compress(out.getvalue(), compresslevel=0, mtime=_SECONDS)
