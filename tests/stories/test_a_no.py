"""Marijke says no: what falls silent, how it is proven, and what the model becomes."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from village_site import Village

from demur import assistant as abilities
from demur import verify, worker
from demur.assistant import chat, history, images, pictures, search, tracing, translation, writing
from demur.assistant.answer import Assistant
from demur.assistant.said import Answer, Enough, Message, Sampling
from demur.bot import bot
from demur.corpus import build as corpus
from demur.errors import NotFound, ProofRejected, StandingUnreadable
from demur.policy.clause import Outcome
from demur.rights import book, objection, receipt
from demur.serving.gate import SURFACES
from demur.serving.release import read_release
from demur.site import folder
from demur.site.folder import Site
from demur.training.chain import path_of
from demur.village import addresses, story
from demur.village.village import load

HERS = story.OBJECTOR
SAID = load().named(story.CITED_NL).text


def object_to(village: Village) -> None:
    objection.submit(village.person(HERS), route="form", now=village.now())


def test_every_surface_there_is_falls_silent_about_her(village: Village) -> None:
    """A surface that is added and not asked here fails this test."""
    assistant = village.assistant()
    hers = village.accounts(HERS)
    own = {row["post_id"] for row in kept(village) if row["account"] in hers}

    def cited() -> set[str]:
        answer = village.ask(assistant)
        return {c.account for c in answer.citations} & hers

    def found() -> set[str]:
        return {hit.account for hit in search.find(assistant, story.QUESTION_NL, 50)} & hers

    def repeated() -> set[str]:
        """Posts of hers; a neighbour may have put a few words in the same order."""
        found = {post for run in tracing.trace(assistant, SAID) for post in run.post_ids}
        return found & own

    def translated() -> set[str]:
        """Somebody else's post, which she put into English."""
        original = load().named(story.TRANSLATED).text
        answer = last(translation.translate(assistant, original, "en"))
        return {c.account for c in answer.citations} & hers

    def written() -> set[str]:
        brief = writing.Brief(about=story.QUESTION_NL, language="nl", length="medium")
        answer = last(writing.write(assistant, brief, Sampling(max_tokens=4, seed=1)))
        return {c.account for c in answer.citations} & hers

    before = village.ask(assistant)

    def shown_again() -> set[str]:
        """An answer that quoted her, kept by whoever asked."""
        [may] = history.may_be_shown(assistant, [before.drawn])
        return {c.account for c in before.citations} & hers if may else set()

    def sourced() -> set[str]:
        """The same answer's posts, read anew for whoever opens it again."""
        again = history.sources(assistant, [drawn.post_id for drawn in before.drawn])
        return {c.account for c in again.values()} & hers

    def posted() -> set[str]:
        reply = bot.reply(
            assistant,
            story.QUESTION_NL,
            to="bram",
            address=village.site.address,
            sampling=Sampling(max_tokens=8, seed=1),
        )
        return {c.account for c in reply.answer.citations} & hers if reply else set()

    photographed = pictures_of(village, hers)

    def pictured() -> set[str]:
        """Her photographs that are handed out, byte for byte."""
        return {sha256 for sha256 in photographed if shown(assistant, sha256)}

    def drawn() -> bytes:
        """The composer has learned from nobody: nothing of it changes with anybody's No."""
        return images.draw(assistant, "een pont op zee", seed=1, size=64).png

    for module in pkgutil.walk_packages(abilities.__path__, "demur.assistant."):
        importlib.import_module(module.name)
    ask = {"chat": cited, "search": found, "trace": repeated, "history": shown_again, "bot": posted}
    ask |= {"pictures": pictured, "sources": sourced}
    ask |= {"translation": translated, "writing": written}
    nobodys = {"images": drawn}
    assert set(ask) | set(nobodys) == set(SURFACES)
    composed = drawn()
    assert all(surface() for surface in ask.values()), (
        "she must be heard before, or this shows nothing"
    )
    object_to(village)
    assert [name for name, surface in ask.items() if surface()] == []
    assert composed
    assert drawn() == composed


def last(pieces: Iterator[str | Answer]) -> Answer:
    *_, answer = pieces
    assert isinstance(answer, Answer)
    return answer


def test_an_answer_under_way_is_taken_back(village: Village) -> None:
    asked = [Message(role="user", text=story.QUESTION_NL)]
    speaking = chat.reply(village.assistant(), asked, Sampling(max_tokens=50, seed=1))
    heard = next(speaking), next(speaking)
    assert all(isinstance(piece, str) for piece in heard)
    object_to(village)
    rest = list(speaking)
    answer = rest[-1]
    assert len(rest) == 1, "not one more word"
    assert isinstance(answer, Answer)
    assert (answer.finish, answer.text, answer.citations) == ("standing-changed", "", ())


def test_an_answer_that_is_stopped_knows_what_it_draws_on(village: Village) -> None:
    asked = [Message(role="user", text=story.QUESTION_NL)]
    speaking = chat.reply(village.assistant(), asked, Sampling(max_tokens=50, seed=1))
    assert isinstance(speaking, Generator)
    said = str(next(speaking)) + str(next(speaking))
    answer = speaking.throw(Enough())
    assert isinstance(answer, Answer)
    assert answer.text == said
    assert {each.post_id for each in answer.drawn} >= {c.post_id for c in answer.citations} != set()


def test_nobody_knows_who_objects_so_the_base_speaks_alone(village: Village) -> None:
    assistant = village.assistant()
    (village.site.root / "demur.db").unlink()
    answer = village.ask(assistant)
    assert not answer.memories
    assert answer.citations == ()
    assert answer.shards == ()
    with pytest.raises(StandingUnreadable):
        search.find(assistant, "pont", 3)


def test_her_friend_keeps_his_post_with_her_name_masked(village: Village) -> None:
    masked = load().named(story.MASKED)
    handle = f"@{load().people[HERS].profiles[0].handle}"
    assert handle in masked.text
    object_to(village)
    village.build()
    [post] = [text for text in kept_texts(village) if text.startswith(masked.text[:15])]
    assert handle not in post
    decided = worker.explain(
        village.site, post_id_of(village, story.FRIEND, post), now=village.now()
    )
    assert [each.decision.outcome for each in decided] == [Outcome.REDACT]


def test_her_words_lie_nowhere_that_is_made_from_posts(without_her: Village) -> None:
    left = [
        path.relative_to(without_her.site.root)
        for part in ("build", "models", "memory")
        for path in (without_her.site.root / part).rglob("*")
        if path.is_file() and SAID[:40].encode() in path.read_bytes()
    ]
    assert left == []
    assert not any(SAID[:40] in text for text in kept_texts(without_her))


def test_retrained_without_her_is_never_having_seen_her(
    without_her: Village,
    trained_site: Path,
    told_site: Path,
    tmp_path: Path,
    serve: Callable[[Site], None],
) -> None:
    """Byte for byte: one site learned, heard her No and retrained; the other heard it first."""
    retrained = released(without_her)
    seen = released(Village(folder.open_site(trained_site)))
    shutil.copytree(told_site, tmp_path / "never")
    other = folder.open_site(tmp_path / "never")
    serve(other)
    never = Village(other)
    never.tell_of_translating()
    object_to(never)
    never.build()
    never.train()
    assert released(never) == retrained
    assert retrained != seen


def test_the_shard_is_rebuilt_to_the_same_bytes_and_a_flipped_bit_is_found(
    village: Village,
) -> None:
    shard = village.site.home.shard(village.person(HERS).pk)
    made = read_release(village.site.models)
    assert made is not None
    digests = worker.rebuild(village.site, shard, progress=lambda line: None)
    adapter = made.get(shard)
    assert adapter is not None
    assert digests == adapter.digests
    file = path_of(village.site.models, adapter.chains[-1])
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    file.write_bytes(bytes(raw))
    with pytest.raises(ProofRejected):
        worker.rebuild(village.site, shard, progress=lambda line: None)


def test_the_receipt_tells_what_happened_and_an_outsider_checks_it(
    without_her: Village, tmp_path: Path
) -> None:
    lines = receipt.lines(without_her.person(HERS))
    kinds = [line.kind for line in lines]
    assert kinds[0] == "objection"
    for kind in ("shard_dropped", "shard_retrained", "served", "purge_done"):
        assert kind in kinds
    key = str(book.key(without_her.site))
    for line in lines:
        file = tmp_path / f"{line.index}.tlog-proof"
        file.write_text(line.proof, encoding="utf-8")
        assert verify.verify_file(file, key=key).lines
    said = " ".join(verify.verify_file(file, key=key).lines)
    assert "UNWITNESSED" in said


def test_a_second_round_has_nothing_to_do(without_her: Village) -> None:
    before, head = released(without_her), book.head()
    without_her.work()
    assert released(without_her) == before
    assert book.head() == head


def released(village: Village) -> list[tuple[int, tuple[str, ...], tuple[str, ...]]]:
    made = read_release(village.site.models)
    assert made is not None
    return [(each.shard, each.roots, each.digests) for each in made.adapters]


def kept(village: Village) -> Iterator[dict[str, str]]:
    for shard in range(village.site.home.shards):
        built = corpus.current(village.site.build, shard)
        yield from pq.read_table(built.kept, columns=["post_id", "account", "text"]).to_pylist()


def kept_texts(village: Village) -> list[str]:
    return [row["text"] for row in kept(village)]


def pictures_of(village: Village, accounts: set[str]) -> set[str]:
    """The pictures that the build kept of these accounts."""
    found = set()
    for shard in range(village.site.home.shards):
        built = corpus.current(village.site.build, shard)
        for row in pq.read_table(built.kept, columns=["account", "photos"]).to_pylist():
            if row["account"] in accounts:
                found |= {photo["sha256"] for photo in row["photos"]}
    return found


def shown(assistant: Assistant, sha256: str) -> bool:
    try:
        picture = pictures.picture(assistant, sha256)
    except NotFound:
        return False
    return hashlib.sha256(picture.data).hexdigest() == sha256


def post_id_of(village: Village, who: str, text: str) -> str:
    accounts = {addresses.account_id(profile) for profile in load().people[who].profiles}
    [found] = [
        r["post_id"] for r in kept(village) if r["account"] in accounts and r["text"] == text
    ]
    return found


def test_a_training_under_way_stops_when_somebody_in_it_objects(told: Village) -> None:
    told.build()
    shard = told.site.home.shard(told.person(HERS).pk)
    wanted = worker.Wanted(told.site, corpus.current(told.site.build, shard))
    assert wanted()
    object_to(told)
    assert not wanted()
    assert worker.train_one(told.site, shard) == (shard, False)
    (told.site.root / "demur.db").unlink()
    assert not wanted(), "nobody can say who objects, so nobody is learned from"
