"""Chats: what somebody asked the assistant, in the lake while they have that switched on.

Their questions only, never an answer: an answer may be somebody else's words. They lie there as
posts of kind `chat` that nobody but the assistant could see, so that the law decides about them as
about all else: they may teach the model, and nobody is shown them. Who switches off is silent at
the gate with that very transaction; so is a question that is deleted. The lake follows with the
worker's next round.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from demur.corpus.lake import Lake
from demur.people import AccountId, PersonId
from demur.posts import Audience, Kind, Post
from demur.rights import book, intake, models, people
from demur.rights.place import Place
from demur.tlog import absence

PLATFORM = models.CHATS


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as its owner typed it. name: what it is called where it is kept."""

    name: str
    text: str
    at: datetime


def post_of(person: models.Person, asked: Asked) -> Post:
    """The question as a post. person: whose sign-in asked, also where they are one with another."""
    return Post(
        account=account_of(person),
        platform=PLATFORM,
        kind=Kind.CHAT,
        audience=Audience.DIRECT,
        created_at=asked.at,
        origin=asked.name,
        text=asked.text,
    )


def account_of(person: models.Person) -> AccountId:
    return AccountId(f"{PLATFORM}:{person.pk}")


def is_learned(person: models.Person) -> bool:
    """May their chats be in the lake, or have they been there?"""
    there = models.Account.objects.filter(pk=account_of(person))
    return people.whole(person).chats_on or there.exists()


def take_back(
    person: models.Person,
    questions: Sequence[Asked],
    *,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> None:
    """These are not used from now on. Inside `book.writing()`, with whatever deletes them.

    Of somebody whose chats were never in the lake there is nothing to take back.
    """
    whole = people.whole(person)
    if not questions or not is_learned(person):
        return
    payload = {"person": absence.commitment(bytes(whole.secret)).hex(), "posts": len(questions)}
    line = book.append("retracted", payload, person=whole, now=now, draw=draw)
    rows = [
        models.Retracted(post=post_of(person, asked).id, line=line.index) for asked in questions
    ]
    models.Retracted.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    book.bump()


def bring(
    site: Place,
    wanted: Mapping[models.Person, Sequence[Asked]],
    *,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> int:
    """Make the chats in the lake these and no others; how many came or went.

    While an import is under way it does nothing: the next round will.
    """
    try:
        with intake.only_import(site.lake, wait=False):
            return _bring(site, wanted, now, draw)
    except BlockingIOError:
        return 0


def _bring(
    site: Place, wanted: Mapping[models.Person, Sequence[Asked]], now: datetime, draw: book.Draw
) -> int:
    lake = Lake(site.lake, site.home)
    intake.finish(lake)
    intake.follow(lake)
    owned = {person: PersonId(people.whole(person).pk) for person in wanted}
    posts = {
        (owned[person], post.id): (person, post)
        for person, questions in wanted.items()
        for post in (post_of(person, asked) for asked in questions)
    }
    here = set(_stored(lake))
    gone = here - posts.keys()
    for owner in {owner for owner, _ in gone}:
        lake.take_out(owner, [post for whose, post in gone if whose == owner])
    new = {key: posts[key] for key in posts.keys() - here}
    if new:
        _take_in(lake, new, now, draw)
    return len(gone) + len(new)


def _take_in(
    lake: Lake,
    new: Mapping[tuple[PersonId, str], tuple[models.Person, Post]],
    now: datetime,
    draw: book.Draw,
) -> None:
    import_id = draw(16).hex()
    staged = lake.stage(import_id, ((owner, post) for (owner, _), (_, post) in new.items()))
    asking = {person for person, _ in new.values()}
    with book.writing():
        on = {person for person in asking if people.whole(person).chats_on}
        if on != asking:  # somebody switched off meanwhile: the next round knows better
            lake.discard(import_id)
            return
        people_of = [absence.commitment(bytes(p.secret)).hex() for p in {*map(people.whole, on)}]
        counts = {"read": staged.read, "stored": staged.new, "already": staged.already_here}
        payload = {"counts": counts, "platform": PLATFORM, "people": sorted(people_of)}
        line = book.append("import", payload, now=now, draw=draw)
        models.Import.objects.create(
            id=import_id, platform=PLATFORM, counts=counts, entry=line, at=now
        )
        for person in on:
            whole = people.whole(person)
            models.Account.objects.get_or_create(
                pk=account_of(person),
                defaults={
                    "person": whole,
                    "platform": PLATFORM,
                    "country": whole.country,
                    "locked": False,
                    "line": line.index,
                },
            )
        book.bump()
    intake.finish(lake)


def _stored(lake: Lake) -> Iterator[tuple[PersonId, str]]:
    """The chats that lie in the lake, of everybody who ever had them there."""
    accounts = models.Account.objects.filter(platform=PLATFORM)
    for owner in sorted({*accounts.values_list("person_id", flat=True)}):
        for stored in lake.posts_of(PersonId(owner)):
            if stored.post.platform == PLATFORM:
                yield PersonId(owner), stored.id
