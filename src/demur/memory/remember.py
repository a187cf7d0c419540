"""Remember: one build of one shard written down as counts, trace, search and vectors.

A folder of arrays named like the build, and the build's posts in the search file, beside what is
released. The law has decided before, post by post and use by use: the counts know what may be
learned, search and vectors what may be found, and the trace what an answer could repeat.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from demur.memory import meaning, ngrams, trace, vectors, windows
from demur.memory.search import Build, Search, Stored, said
from demur.memory.shelf import whole, write
from demur.memory.vocabulary import Vocabulary
from demur.people import Use

SEARCH = "search.db"
MARK = "memory.json"
VERSION = 2  # of what a folder holds: one of another is written again
COLUMNS = [
    "post_id", "person", "account", "platform", "group", "kind", "lang", "created_at", "url",
    "attribution", "text", "photos", "uses",
]  # fmt: skip
STORED = [name for name in COLUMNS if name not in ("person", "created_at", "photos", "uses")]


def remember(built: Path, memory: Path, vocabulary: Vocabulary) -> Path:
    """Write the memory of `built` (`build/shard=NNNN/<root>`) below `memory`, if it is not there.

    Killed half-way, it leaves what was there before and the next call begins again. The same
    build and vocabulary give the same bytes in every file of the folder that is returned.
    """
    folder = folder_of(built, memory)
    with closing(Search(memory / SEARCH)) as search:
        missing = not is_written(folder, vocabulary), not search.has(build_of(built))
        if any(missing):
            posts = pq.read_table(built / "kept.parquet", columns=COLUMNS).to_pylist()
            found = [_stored(row, post) for row, post in enumerate(posts)]
            if missing[0]:
                _write(folder, posts, found, vocabulary)
            if missing[1]:
                search.put(build_of(built), filter(None, found))
    return folder


def purge(built: Path, memory: Path, rows: Sequence[int]) -> int:
    """Erase these rows of a build from search and vectors at once, to the last byte; how many
    could be found. Its memory is then no longer whole, and is written anew before it is loaded
    again: only that, or `retire`, takes them out of counts and trace."""
    folder = folder_of(built, memory)
    (folder / MARK).unlink(missing_ok=True)
    vectors.purge(folder, rows)
    with closing(Search(memory / SEARCH)) as search:
        return search.purge(build_of(built), rows)


def retire(memory: Path, keep: Iterable[Path]) -> None:
    """Erase every memory but those of the builds to keep: the released ones, and what is next."""
    kept = list(keep)
    folders = {folder_of(built, memory) for built in kept}
    for folder in sorted(memory.glob("shard=*/*")):
        if folder not in folders:
            shutil.rmtree(folder)
    with closing(Search(memory / SEARCH)) as search:
        search.retire(map(build_of, kept))


def folder_of(built: Path, memory: Path) -> Path:
    return memory / built.parent.name / built.name


def build_of(built: Path) -> Build:
    return Build(shard=int(built.parent.name.removeprefix("shard=")), root=built.name)


def is_written(folder: Path, vocabulary: Vocabulary) -> bool:
    """Is the memory there, whole and made with this vocabulary, this way of reading meaning and
    by a version that wrote the same files?"""
    mark = folder / MARK
    return mark.exists() and json.loads(mark.read_bytes()) == _made_with(vocabulary)


def _made_with(vocabulary: Vocabulary) -> dict[str, Any]:
    return {"v": VERSION, "vocabulary": vocabulary.name, "meaning": meaning.name()}


def _write(
    folder: Path,
    posts: list[dict[str, Any]],
    found: Sequence[Stored | None],
    vocabulary: Vocabulary,
) -> None:
    learned = [_text(post, Use.TRAINING) for post in posts]
    people: dict[str, int] = {}
    authors = [people.setdefault(post["person"], len(people)) for post in posts]
    # A picture without a caption says nothing, not that posts are empty.
    tokens = [
        ids if text.strip() else []
        for ids, text in zip(vocabulary.encode(learned), learned, strict=True)
    ]
    with whole(folder) as draft:
        ngrams.write(draft, tokens, authors)
        # What was only learned is not shown, but an answer that repeats it is still noticed.
        trace.write(draft, [_text(post, Use.TRAINING, Use.ANSWERS) for post in posts])
        # The guard looks at every word that lies here, whatever it was kept for.
        windows.write(draft, [post["text"] for post in posts])
        # Texts that did not change take their vectors along; nothing is kept of who has left.
        earlier = sorted(folder.parent.glob("[!.]*"))
        vectors.write(draft, [said(post) if post else "" for post in found], earlier)
        write(draft / MARK, json.dumps(_made_with(vocabulary)).encode())


def _stored(row: int, post: dict[str, Any]) -> Stored | None:
    """A post as it may be found or quoted; nothing where it may not, or says nothing."""
    if not any(post["uses"] & use.bit for use in (Use.ANSWERS, Use.SEARCH)):
        return None
    stored = Stored(
        row=row,
        created_at=post["created_at"].astimezone(UTC).isoformat(),
        photos=tuple(photo["sha256"] for photo in post["photos"]),
        alts=tuple(photo["alt"] or "" for photo in post["photos"]),
        **{name: post[name] for name in STORED},
    )
    return stored if said(stored).strip() else None


def _text(post: dict[str, Any], *uses: Use) -> str:
    """What a post says, where it was kept for one of these uses; nothing otherwise."""
    allowed = any(post["uses"] & use.bit for use in uses)
    return str(post["text"]) if allowed else ""
