"""The bot: answers mentions on a Mastodon server, and takes down what may not be shown any more.

It looks a round at a time. First what it has posted is held against what stands, and an answer that
draws on somebody who has said no since is deleted; then mentions are answered, one by one. What it
does is written down before it does it, so that after a crash nobody is answered twice. Of a
question nothing is kept: not its words, and who asked only as a keyed mark, for an hour. It boosts
and follows nobody, and answers neither bots nor people of other servers, except about a No.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import DatabaseError

from demur.assistant import chat, history
from demur.assistant.answer import Assistant
from demur.assistant.generation import Stamp, stamp
from demur.assistant.said import Answer, Drawn, Message, Sampling
from demur.bot import statuses
from demur.bot.hearing import Meant, meant, words
from demur.bot.server import Account, Mention, Server, Visibility, Wait
from demur.corpus.stored import language_of
from demur.errors import NotFound, SiteUnusable, StandingUnreadable
from demur.people import AccountId, Standing
from demur.posts import handle_key
from demur.rights import answers, models, objection, people, spool
from demur.serving.gate import surface
from demur.site.folder import Site
from demur.web.models import BotMention

log = logging.getLogger(__name__)

EVERY = 5.0  # seconds between two rounds: 60 of the 300 requests that five minutes allow
REMEMBERED = timedelta(hours=1)  # who asked, as a mark
AN_HOUR = 12  # answers to one account in that time
TRIES = 3  # at an answer during which what stands changes
LENGTH = 120  # tokens that the model adds to what it quotes

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What would be posted, and the answer it is made of."""

    answer: Answer
    statuses: tuple[str, ...]


@surface("bot")
def reply(
    assistant: Assistant,
    question: str,
    *,
    to: str,
    address: str,
    characters: int = 500,
    sampling: Sampling | None = None,
) -> Reply | None:
    """The answer to a question as statuses; None where nothing may be posted: somebody said no
    meanwhile, or nobody can say who objects.

    to: the asker's handle. address: the site's, for the way to object.
    """
    asked = [Message(role="user", text=question)]
    *_, answer = chat.reply(assistant, asked, sampling or Sampling(max_tokens=LENGTH))
    if not isinstance(answer, Answer) or answer.finish == "standing-changed":
        return None
    if not answer.memories or not answer.text.strip():
        return None
    if not history.may_be_shown(assistant, [answer.drawn])[0]:
        return None
    composed = statuses.compose(
        answer.text, answer.citations, to=to,
        foot=statuses.FOOT[answer.language].format(link=f"{address}/privacy/object/"),
        characters=characters,
    )  # fmt: skip
    return Reply(answer=answer, statuses=tuple(composed))


class Bot:
    """Speaks for one site on one server. One of it may run at a time."""

    def __init__(
        self, site: Site, server: Server, assistant: Assistant, standing: Standing, clock: Clock
    ) -> None:
        self._site, self._server, self._assistant = site, server, assistant
        self._standing, self._clock = standing, clock
        self._me: Account | None = None
        self._characters = 500
        self._looked: tuple[int, Stamp | None] | None = None
        self._spooled: set[str] = set()

    def run(self, *, once: bool) -> Iterator[str]:
        """Rounds until stopped, or one; a line for whatever was done, for an operator to read."""
        while True:
            pause = EVERY
            try:
                yield from self.round()
            except Wait as wait:
                pause = max((wait.until - self._clock()).total_seconds(), EVERY)
                yield str(wait)
            except (StandingUnreadable, DatabaseError):
                yield "Nobody can say who objects now, so nothing is answered."
            except (NotFound, SiteUnusable) as refusal:  # nothing is released, or it is being made
                yield str(refusal)
            if once:
                return
            time.sleep(pause)

    def round(self) -> Iterator[str]:
        """What is due: taking down, finishing what a crash interrupted, answering."""
        if self._me is None:
            self._me, self._characters = self._server.me(), self._server.characters()
        yield from self._take_down()
        self._forget_who_asked()
        for row in BotMention.objects.filter(outcome="posting").order_by("pk"):
            yield self._finish(row)
        cursor = BotMention.objects.order_by("pk").last()
        if cursor is None:
            self._begin()
            return
        for mention in self._server.mentions(cursor.notification):
            yield from self._take_down()
            yield self._hear(mention)

    # ---- what was posted may not stand any more ----

    def _take_down(self) -> Iterator[str]:
        """Delete every answer that draws on what may not be shown now. Nothing is posted before
        that is done: where the server limits it, the bot waits with it."""
        seen = (self._standing.epoch(), stamp(self._site.root))
        if seen == self._looked:
            return
        rows = list(BotMention.objects.exclude(statuses=[]).exclude(drawn=[]).order_by("pk"))
        kept = [[Drawn(post_id=p, text_hash=h) for p, h in row.drawn] for row in rows]
        for row, may in zip(rows, history.may_be_shown(self._assistant, kept), strict=True):
            if not may:
                self._erase(row, "taken-down")
                yield "an answer was taken down"
        self._looked = seen

    def _erase(self, row: BotMention, outcome: str) -> None:
        while row.statuses:
            self._server.delete(row.statuses[-1])  # the last first: no reply is left without a head
            row.statuses = row.statuses[:-1]
            row.save(update_fields=["statuses"])
        row.outcome, row.drawn, row.asked = outcome, [], ""
        row.save(update_fields=["outcome", "drawn", "asked"])

    # ---- what was said to us ----

    def _begin(self) -> None:
        """The first time: whatever was said before the bot was switched on is left unanswered."""
        newest = self._server.mentions(None)
        self._row(newest[-1].notification if newest else "0", b"", "begun")

    def _row(self, notification: str, mark: bytes, outcome: str, asked: str = "") -> BotMention:
        return BotMention.objects.create(
            notification=notification, asker=mark, at=self._clock(), outcome=outcome, asked=asked
        )

    def _hear(self, mention: Mention) -> str:
        """Do what a mention asks for, once. Returns what was done, without anybody's words."""
        mark = self._site.home.mark("bot", mention.account.uri.encode())
        text = words(mention.html, self._handles())
        said = meant(text)
        if self._me and mention.account.id == self._me.id:
            return self._row(mention.notification, mark, "silent").outcome
        if said is Meant.NO:
            return self._heard_no(mention, mark, text)
        if mention.account.bot:
            return self._row(mention.notification, mark, "silent").outcome
        if said in (Meant.ABOUT_A_NO, Meant.NOTHING):
            row = self._row(mention.notification, mark, "posting", mention.status)
            return self._say(row, mention, self._sentence("how", text), "link")
        if not mention.account.local or self._too_often(mark):
            return self._row(mention.notification, mark, "silent").outcome
        row = self._row(mention.notification, mark, "posting", mention.status)
        return self._answer(row, mention, text)

    def _answer(self, row: BotMention, mention: Mention, text: str) -> str:
        for _ in range(TRIES):
            made = reply(
                self._assistant, text, to=mention.account.acct, address=self._site.address,
                characters=self._characters - len(mention.spoiler),
            )  # fmt: skip
            if made is not None:
                break
        else:
            self._close(row, "silent")
            return "a question was left, since what may be used changed while it was answered"
        row.drawn = [[each.post_id, each.text_hash] for each in made.answer.drawn]
        row.save(update_fields=["drawn"])
        said = made.answer
        answers.log(said.text, surface="bot", model=said.model or "", now=self._clock())
        if not self._post(row, mention, made.statuses, _no_wider(mention), said.language):
            return "an answer was not posted, since what may be used changed"
        return "a question was answered"

    def _post(
        self,
        row: BotMention,
        mention: Mention,
        texts: tuple[str, ...],
        visibility: Visibility,
        language: str,
    ) -> bool:
        """Post one under the other. False, and nothing of it stands: what it draws on may not be
        shown any more."""
        drawn = [Drawn(post_id=p, text_hash=h) for p, h in row.drawn]
        for number, text in enumerate(texts):
            if not history.may_be_shown(self._assistant, [drawn])[0]:
                self._erase(row, "taken-down")
                return False
            try:
                made = self._server.post(
                    text,
                    key=sha256(f"demur:{mention.notification}:{number}".encode()).hexdigest(),
                    reply_to=row.statuses[-1] if row.statuses else mention.status,
                    visibility=visibility,
                    spoiler=mention.spoiler,
                    sensitive=mention.sensitive,
                    language=language,
                )
            except NotFound:  # the question is gone, or we are blocked: there is nobody to answer
                break
            row.statuses = [*row.statuses, made]
            row.save(update_fields=["statuses"])
        self._close(row, "answered" if row.statuses else "silent")
        return True

    def _finish(self, row: BotMention) -> str:
        """After a crash: what was posted is found again, by what hangs below the question; only
        where nothing is, it is answered now."""
        mine = [
            str(each["id"])
            for each in self._server.replies(row.asked)
            if self._me and str(each.get("account", {}).get("id")) == self._me.id
        ]
        if mine or row.statuses:
            row.statuses = list(dict.fromkeys([*row.statuses, *mine]))
            row.save(update_fields=["statuses"])
            self._close(row, "answered")
            self._looked = None  # what it draws on may have changed since
            return "an answer that was interrupted was found again"
        mention = self._server.mention(row.notification)
        row.delete()
        if mention is None:
            return "a question was taken back"
        return self._hear(mention)

    def _close(self, row: BotMention, outcome: str) -> None:
        row.outcome, row.asked = outcome, ""
        row.save(update_fields=["outcome", "asked"])

    # ---- a No ----

    def _heard_no(self, mention: Mention, mark: bytes, text: str) -> str:
        """It holds before anything is answered; the answer goes to its owner alone."""
        person = self._owner(mention.account)
        if person is None:
            row = self._row(mention.notification, mark, "posting", mention.status)
            return self._say(row, mention, self._sentence("unknown", text), "link", alone=True)
        account = AccountId(f"mastodon:{mention.account.uri}")
        known = models.Account.objects.filter(pk=account).exists()
        try:
            objection.submit(
                person, route="bot", account=account if known else None, now=self._clock()
            )
            row = self._row(mention.notification, mark, "posting", mention.status)
        except DatabaseError:
            if mention.notification not in self._spooled:
                said = {"person": person.pk, "route": "bot"}
                spool.keep(self._site, said, now=self._clock())
                self._spooled.add(mention.notification)
            raise
        return self._say(row, mention, self._sentence("noted", text), "objection", alone=True)

    def _owner(self, account: Account) -> models.Person | None:
        """Whose account it is: by its lasting address, else by the keys that point at one alone."""
        row = models.Account.objects.filter(pk=f"mastodon:{account.uri}")
        found = row.select_related("person__merged_into").first()
        if found is not None:
            return people.whole(found.person)
        keys = [f"mastodon:{account.uri}".casefold(), f"mastodon:{account.url}".casefold()]
        owners = people.owners_of(keys)
        if not owners and not account.local:
            owners = people.owners_of([handle_key("mastodon", account.acct)])
        return owners[0] if len(owners) == 1 else None

    def _say(
        self,
        row: BotMention,
        mention: Mention,
        sentence: tuple[str, str],
        outcome: str,
        *,
        alone: bool = False,
    ) -> str:
        """A sentence of our own, once."""
        said, language = sentence
        text = f"@{mention.account.acct} {said}"
        visibility: Visibility = "direct" if alone else _no_wider(mention)
        try:
            posted = self._post(row, mention, (text,), visibility, language)
        except Wait:
            self._close(row, outcome)  # what counts is done; the sentence is not worth a second try
            raise
        if posted:
            self._close(row, outcome)
        return {"objection": "a No was heard", "link": "somebody was shown how to object"}[outcome]

    def _sentence(self, which: str, asked: str) -> tuple[str, str]:
        """The sentence in the language that was spoken to us, and which one that is."""
        language = language_of(asked)
        if language not in statuses.HOW:
            language = self._site.language
        said = {"how": statuses.HOW, "noted": statuses.NOTED, "unknown": statuses.UNKNOWN}[which]
        sentence = said[language].format(
            link=f"{self._site.address}/privacy/object/",
            centre=f"{self._site.address}/privacy/",
            outsiders=f"{self._site.address}/privacy/not-a-member/",
        )
        return sentence, language

    def _too_often(self, mark: bytes) -> bool:
        asked = BotMention.objects.filter(
            asker=mark, at__gt=self._clock() - REMEMBERED, outcome="answered"
        )
        return asked.count() >= AN_HOUR

    def _forget_who_asked(self) -> None:
        old = BotMention.objects.filter(at__lte=self._clock() - REMEMBERED).exclude(asker=b"")
        if old.exists():
            old.update(asker=b"")

    def _handles(self) -> tuple[str, ...]:
        if self._me is None:
            return ()
        host = self._server.address.partition("://")[2]
        return (self._me.acct.casefold(), f"{self._me.acct}@{host}".casefold())


def _no_wider(mention: Mention) -> Visibility:
    """Who may see the answer. Nobody's timeline is filled: to everybody's question it is unlisted.
    What was said to followers is answered to the asker alone, since our followers are others."""
    return "unlisted" if mention.visibility in ("public", "unlisted") else "direct"
