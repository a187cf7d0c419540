"""The lake: every post that was imported, as Parquet, one folder a shard.

An import is staged, then acknowledged by whoever keeps the books, then published; each step can
be repeated after a crash. Nothing here decides whether a post may be used. Words are never
rewritten, only erased at their owner's word, and erasing touches the folder of one shard.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from demur.corpus import files
from demur.corpus.staging import Staging
from demur.corpus.stored import (
    LAKE_SCHEMA,
    PARQUET,
    StoredPost,
    photo_name,
    photo_of,
    post_of,
    row_of,
)
from demur.errors import NotFound, SiteUnusable
from demur.people import Home, PersonId
from demur.posts import Hidden, Photo, Post

MARKER = "complete.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What an import would do. `already_here` counts posts stored before, or twice in it.

    amended: ids of stored posts of which it says something else now; retracted: those among them
    that may be used less, opened: those that everybody can see again; pointing: by id, the
    mention keys and tags that were not there before.
    """

    read: int
    new: int
    already_here: int
    amended: tuple[str, ...] = ()
    retracted: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    pointing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lake:
    """The folder `lake/` of a site. One writer at a time; readers may read meanwhile."""

    root: Path
    home: Home

    # In

    def stage(self, import_id: str, posts: Iterable[tuple[PersonId, Post | Hidden]]) -> Staged:
        """Write an import beside the lake, a shard at a time, whatever its size.

        Holds at most `staging.HELD` bytes of posts, and for the shards it touches 24 bytes for
        each known post and as many for each that arrives. If `posts` raises, nothing is left
        behind.
        """
        folder = self._staging(import_id)
        shutil.rmtree(folder, ignore_errors=True)
        read = 0
        with Staging(folder, self.parts, self.home) as staging:
            for person, post in posts:
                shard = self.home.shard(person)
                if isinstance(post, Hidden):
                    staging.hide(shard, post)
                    continue
                read += 1
                staging.add(shard, row_of(person, post, self.home))
                for photo in post.photos:
                    staging.keep_photo(photo, self.photo_path(shard, photo))
        said = staging.amendments
        staged = Staged(
            read=read,
            new=staging.new,
            already_here=read - staging.new,
            amended=tuple(sorted(row["post_id"] for row in said.rows)),
            retracted=tuple(sorted(set(said.retracted))),
            opened=tuple(sorted(set(said.opened))),
            pointing={post: tuple(sorted(keys)) for post, keys in said.pointing.items()},
        )
        files.write_bytes(folder / MARKER, json.dumps(asdict(staged)).encode())
        return staged

    def staged(self) -> list[str]:
        """Imports that are not in the lake yet. Publish those that were acknowledged, discard the
        others."""
        return sorted(path.name for path in self.root.glob("staging/*") if path.is_dir())

    def publish(self, import_id: str) -> None:
        """Move an import into place. Again after a crash: it goes on where it stopped."""
        folder = self._staging(import_id)
        if not folder.is_dir():
            return
        if not (folder / MARKER).is_file():
            raise SiteUnusable(
                f"Import {import_id} broke off before it was complete; discard it and import the"
                " archive again."
            )
        for photo in sorted(folder.glob("photos/*/*")):
            _move(photo, self.root / photo.relative_to(folder))
        for part in sorted(folder.glob("posts/*.parquet")):
            _move(part, self.root / "posts" / part.stem / f"{import_id}.parquet")
        for amended in sorted(folder.glob("amended/*.parquet")):
            self._amend(self.root / "posts" / amended.stem, pq.read_table(amended))
        shutil.rmtree(folder)

    def discard(self, import_id: str) -> None:
        """Forget a staged import."""
        shutil.rmtree(self._staging(import_id), ignore_errors=True)

    # Out

    def posts_folder(self, shard: int) -> Path:
        return self.root / "posts" / f"shard={shard:04d}"

    def parts(self, shard: int) -> list[Path]:
        """The Parquet files of a shard, in a fixed order."""
        return sorted(self.posts_folder(shard).glob("[!.]*.parquet"))

    def photo_path(self, shard: int, photo: Photo) -> Path:
        return self.root / "photos" / f"shard={shard:04d}" / photo_name(photo)

    def posts_of(self, person: PersonId) -> Iterator[StoredPost]:
        """Everything stored of one person, whatever the law says about it."""
        for part in self.parts(self.home.shard(person)):
            yield from _where(part, "person", person)

    def post(self, post_id: str) -> StoredPost | None:
        """One post by its id. Reads the ids of the whole lake: for a question, not for a loop."""
        for part in sorted(self.root.glob("posts/*/[!.]*.parquet")):
            for found in _where(part, "post_id", post_id):
                return found
        return None

    def worded(self, post_ids: Collection[str]) -> set[str]:
        """Those of these posts that are stored with their words. Reads every id in the lake."""
        asked = pc.field("post_id").isin(sorted(post_ids)) & (pc.field("text") != "")
        return {
            post
            for part in sorted(self.root.glob("posts/*/[!.]*.parquet"))
            for post in pq.read_table(part, ["post_id"], filters=asked, partitioning=None)[
                "post_id"
            ].to_pylist()
        }

    # At their owner's word

    def erase(self, person: PersonId) -> int:
        """Remove everything a person posted, staged imports included; how many posts went.

        Rewrites the files of one shard. A photo goes too unless somebody else in the shard
        posted the same one.
        """
        shard = self.home.shard(person)
        parts = self._parts_and_staged(shard)
        own = {photo_name(p) for part in parts for p in _photos(part, person)}
        theirs = lambda rows: pc.equal(rows["person"], person)  # noqa: E731
        erased = sum(_without(part, theirs, "person") for part in parts)
        others = {photo_name(p) for part in self._parts_and_staged(shard) for p in _photos(part)}
        for photo in own - others:
            for place in (self.root, *self.root.glob("staging/*")):
                (place / "photos" / f"shard={shard:04d}" / photo).unlink(missing_ok=True)
        return erased

    def take_out(self, person: PersonId, post_ids: Collection[str]) -> int:
        """Remove some posts of a person, and nothing else; how many went. For posts without
        pictures, which are erased with their person alone."""
        wanted = pa.array(sorted(post_ids), pa.string())
        return sum(
            _without(part, lambda rows: pc.is_in(rows["post_id"], value_set=wanted), "post_id")
            for part in self.parts(self.home.shard(person))
        )

    def move(self, person_from: PersonId, person_to: PersonId) -> None:
        """Give one person's posts to another: two accounts turned out to be one person's.

        Each file is first written to its new shard and then rewritten without them, so that a
        crash in between leaves a copy under the old person, whom nobody knows any more: the law
        keeps it out (`account-unknown`) and the next call removes it.
        """
        old, new = self.home.shard(person_from), self.home.shard(person_to)
        for stored in self.posts_of(person_from):
            for photo in stored.post.photos:
                source, target = self.photo_path(old, photo), self.photo_path(new, photo)
                if source.is_file() and not target.is_file():
                    files.write_bytes(target, source.read_bytes())
        for part in self.parts(old):
            mine = pq.read_table(part, filters=pc.field("person") == person_from)
            if mine.num_rows:
                column = pa.array([str(person_to)] * mine.num_rows, pa.string())
                mine = mine.set_column(1, LAKE_SCHEMA.field("person"), column).cast(LAKE_SCHEMA)
                name = f"{person_from[:8]}-{part.name}"
                _write(self.posts_folder(new) / name, mine)
        self.erase(person_from)

    def _amend(self, folder: Path, rows: pa.Table) -> None:
        """Put these rows in the place of those with their ids. Again, it changes nothing."""
        parts = sorted(folder.glob("[!.]*.parquet"))
        before = {photo_name(photo) for part in parts for photo in _photos(part)}
        for part in parts:
            _rewritten(part, rows)
        after = {photo_name(photo) for part in parts for photo in _photos(part)}
        for photo in before - after:
            (self.root / "photos" / folder.name / photo).unlink(missing_ok=True)

    def _staging(self, import_id: str) -> Path:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", import_id):
            raise NotFound(f"{import_id!r} is no import; use letters, digits, - and _.")
        return self.root / "staging" / import_id

    def _parts_and_staged(self, shard: int) -> list[Path]:
        staged = self.root.glob(f"staging/*/*/shard={shard:04d}.parquet")
        return [*self.parts(shard), *sorted(staged)]


def _where(part: Path, column: str, value: str) -> Iterator[StoredPost]:
    rows = pq.read_table(part, filters=pc.field(column) == value, partitioning=None)
    for row in rows.to_pylist():
        yield post_of(row)


def _photos(part: Path, person: PersonId | None = None) -> Iterator[Photo]:
    """The photos of a file's posts, or of one person's there."""
    for batch in pq.ParquetFile(part).iter_batches(columns=["person", "photos"]):
        mine = batch if person is None else batch.filter(pc.field("person") == person)
        for photos in mine["photos"].to_pylist():
            yield from map(photo_of, photos)


def _without(part: Path, goes: Callable[[Any], pa.Array], column: str) -> int:
    """Rewrite a file without some of its rows, a row group at a time; how many went.

    column: the one that `goes` looks at.
    """
    source = pq.ParquetFile(part)
    gone = int(
        sum(pc.sum(goes(batch)).as_py() or 0 for batch in source.iter_batches(columns=[column]))
    )
    if gone == source.metadata.num_rows:
        part.unlink()
        files.sync_folder(part.parent)
    elif gone:
        with (
            files.replacing(part) as temporary,
            pq.ParquetWriter(temporary, LAKE_SCHEMA, **PARQUET) as writer,
        ):
            for group in range(source.num_row_groups):
                rows = source.read_row_group(group)
                writer.write_table(rows.filter(pc.invert(goes(rows))).cast(LAKE_SCHEMA))
    return gone


def _rewritten(part: Path, rows: pa.Table) -> None:
    """Rewrite a file with these rows in the place of those with their ids, if it has any."""
    source = pq.ParquetFile(part)
    wanted = rows["post_id"].combine_chunks()
    ids = pq.read_table(part, columns=["post_id"], partitioning=None)["post_id"]
    here = pc.index_in(wanted, value_set=ids.combine_chunks())
    rows = rows.filter(pc.is_valid(here))
    if not rows.num_rows:
        return
    with (
        files.replacing(part) as temporary,
        pq.ParquetWriter(temporary, LAKE_SCHEMA, **PARQUET) as writer,
    ):
        for group in range(source.num_row_groups):
            stays = source.read_row_group(group)
            ours = pc.is_in(stays["post_id"], value_set=wanted)
            anew = rows.filter(
                pc.is_in(rows["post_id"], value_set=stays.filter(ours)["post_id"].combine_chunks())
            )
            both = [stays.filter(pc.invert(ours)).cast(LAKE_SCHEMA), anew.cast(LAKE_SCHEMA)]
            writer.write_table(pa.concat_tables(both))


def _write(path: Path, rows: pa.Table) -> None:
    with files.replacing(path) as temporary:
        pq.write_table(rows, temporary, **PARQUET)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
    files.sync_folder(target.parent)
