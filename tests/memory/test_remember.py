from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demur.memory import trace
from demur.memory.memories import Memories
from demur.memory.remember import folder_of, is_written, remember
from demur.people import InForce

WRITER = """
    import sys
    from pathlib import Path
    sys.path.insert(0, sys.argv.pop(1))
    import fake_meaning
    fake = fake_meaning.put_in()
    fake.__enter__()
    from demur.memory import vocabulary
    from demur.memory.remember import remember
    from tokenizers import Tokenizer

    memory, tokenizer, *built = map(Path, sys.argv[1:])
    words = vocabulary.of(Tokenizer.from_file(str(tokenizer)), start="<start>", end="<end>")
    print("ready", flush=True)
    for folder in built:
        remember(folder, memory, words)
"""


pytestmark = pytest.mark.usefixtures("fake_meaning")


def digests(folders: list[Path]) -> dict[str, str]:
    return {
        f"{folder.parent.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in folder.iterdir()
    }


@pytest.fixture
def busy(community: Any) -> Any:
    dice = random.Random(3)
    words = [f"woord{number}" for number in range(300)]
    for number in range(2500):
        community.writes(f"person {number % 90}", " ".join(dice.choices(words, k=12)))
    return community


def test_remembering_again_changes_nothing(busy: Any) -> None:
    words = busy.words
    folders = [remember(built, busy.memory, words) for built in busy.built()]
    when = [path.stat().st_mtime_ns for folder in folders for path in folder.iterdir()]
    again = [remember(built, busy.memory, words) for built in busy.built()]
    assert [path.stat().st_mtime_ns for folder in again for path in folder.iterdir()] == when


def test_the_same_build_gives_the_same_bytes(busy: Any, tmp_path: Path) -> None:
    words = busy.words
    one = [remember(built, tmp_path / "one", words) for built in busy.built()]
    two = [remember(built, tmp_path / "two", words) for built in busy.built()]
    assert digests(one) == digests(two)


def test_a_writer_that_fails_leaves_the_released_generation_alone(
    community: Any, monkeypatch: pytest.MonkeyPatch, stands: Callable[..., InForce]
) -> None:
    post = "de brug bij het gemaal is weer open voor fietsers"
    for person in ("anna", "bob"):
        community.writes(person, post)
    words = community.words
    community.memories(words)
    released = community.built("first")
    community.leaves("anna")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(trace, "save", full)
        with pytest.raises(OSError, match="No space"):
            community.memories(words, name="next")
    assert not any(
        is_written(folder_of(b, community.memory), words) for b in community.built("next")
    )
    heard = Memories.load(released, community.memory, words).under(stands(1))
    assert len(heard.trace(post)[0].rows) == 2
    assert len(heard.search("brug", limit=5)) == 2
    community.memories(words, name="next")


def test_a_writer_killed_at_any_moment_can_be_begun_again(busy: Any, tmp_path: Path) -> None:
    words = busy.words
    built = busy.built()
    undisturbed = [remember(folder, tmp_path / "undisturbed", words) for folder in built]
    words.tokenizer.save(str(tmp_path / "tokenizer.json"))
    command = [
        sys.executable,
        "-c",
        textwrap.dedent(WRITER),
        Path(__file__).parents[1],
        busy.memory,
        tmp_path / "tokenizer.json",
    ]
    dice = random.Random(7)
    unfinished = 0
    for _ in range(6):
        writer = subprocess.Popen([*command, *built], stdout=subprocess.PIPE)
        assert writer.stdout
        writer.stdout.readline()
        time.sleep(dice.uniform(0, 0.25))
        os.kill(writer.pid, signal.SIGKILL)
        unfinished += writer.wait() != 0
        for folder in built:
            there = folder_of(folder, busy.memory)
            if is_written(there, words):
                assert digests([there]).items() <= digests(undisturbed).items()
    assert unfinished
    folders = [remember(folder, busy.memory, words) for folder in built]
    assert digests(folders) == digests(undisturbed)
    assert Memories.load(built, busy.memory, words)
    assert not list(busy.memory.rglob(".*"))
