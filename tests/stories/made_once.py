"""A folder that is made once a run, however many processes tell the stories.

Processes of one run share the folder above their own; the first to come makes what is needed, the
others wait for it and copy. A making that fails leaves nothing, and fails in each of them. What is
made is remembered with the fake of meaning, whoever asks first.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from fake_meaning import put_in


def made_once(own: Path, name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name`, filled by `make` when nobody has yet. own: this process's folder of the
    run, as `tmp_path_factory.getbasetemp()` gives it."""
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, done = shared / name, shared / f"{name}.done"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            with put_in():
                make(folder)
            done.touch()
    return folder
