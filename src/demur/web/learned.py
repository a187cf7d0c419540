"""What of conversations the model may learn: their owner's questions, while they have that on.

Nobody is called when somebody asks something: the worker compares what may be in the lake with
what is. What goes (a deleted conversation, a question put otherwise) is silent in the transaction
in which it goes; switching off is `rights.choices`' own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from demur.rights import book, chats
from demur.rights.chats import Asked
from demur.rights.models import Person
from demur.rights.place import Place
from demur.web.models import Turn


def bring(site: Place, *, now: datetime) -> int:
    """Make the lake hold the questions of those who have that on; how many came or went."""
    on = Q(chats_on=True, merged_into=None) | Q(merged_into__chats_on=True)
    asking = Person.objects.filter(on, erased_at=None).exclude(user=None)
    wanted = {}
    for person in asking.order_by("pk"):
        questions = Turn.objects.filter(thread__user=person.user_id, role="question")
        wanted[person] = _asked(questions.order_by("pk"))
    return chats.bring(site, wanted, now=now)


@contextmanager
def taking_back(questions: QuerySet[Turn], *, now: datetime) -> Iterator[None]:
    """A transaction in which these questions, all of one member, go."""
    some = list(questions.select_related("thread"))
    person = Person.objects.filter(user_id=some[0].thread.user_id).first() if some else None
    if person is None or not chats.is_learned(person):
        with transaction.atomic():
            yield
        return
    with book.writing():
        chats.take_back(person, _asked(some), now=now)
        yield


def _asked(questions: Iterable[Turn]) -> list[Asked]:
    return [
        Asked(name=f"{turn.thread_id}/{turn.pk}", text=turn.text, at=turn.created)
        for turn in questions
    ]
