"""Marijke says no to the bot that has just quoted her: her words leave the server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pretend_mastodon
import pytest
from pretend_mastodon import TOKEN, PretendMastodon
from village_site import NOW, Village

from demur.bot.bot import Bot
from demur.bot.server import Server
from demur.rights import objection, standing
from demur.village import story
from demur.village.village import load
from demur.web.models import BotMention

SAID = load().named(story.CITED_NL).text[:60]


@pytest.fixture
def server() -> Iterator[PretendMastodon]:
    with pretend_mastodon.running(host="tureluur.example", characters=1000) as running:
        yield running


@pytest.fixture
def bot(village: Village, server: PretendMastodon) -> Bot:
    made = Bot(
        village.site,
        Server(server.address, TOKEN, lambda: datetime.now(UTC)),
        village.assistant(),
        standing.of(village.site, today=NOW.date),
        lambda: NOW,
    )
    list(made.round())
    return made


def test_her_no_is_heard_and_what_the_bot_had_quoted_of_her_is_deleted(
    bot: Bot, server: PretendMastodon, village: Village
) -> None:
    server.says(story.FRIEND, story.QUESTION_NL)
    list(bot.round())
    quoted = [each for each in server.posted() if SAID in each["text"]]
    assert quoted, "she must be quoted before, or this shows nothing"
    quoting = {each["id"] for each in server.posted()}

    server.says(story.OBJECTOR, "nee", to=quoted[0]["id"])
    list(bot.round())
    assert objection.standing_objection(village.person(story.OBJECTOR)) is not None
    list(bot.round())
    assert quoting <= set(server.deleted)
    [row] = BotMention.objects.filter(outcome="taken-down")
    assert (row.statuses, row.drawn) == ([], [])

    server.says(story.FRIEND, story.QUESTION_NL)
    list(bot.round())
    assert not any(SAID in each["text"] for each in server.posted())


def test_while_the_server_limits_deleting_nothing_new_is_posted(
    bot: Bot, server: PretendMastodon, village: Village
) -> None:
    server.says(story.FRIEND, story.QUESTION_NL)
    list(bot.round())
    before = len(server.posted())
    assert before
    server.left = 0
    objection.submit(village.person(story.OBJECTOR), route="form", now=NOW)
    server.says(story.FRIEND, story.QUESTION_NL)
    [line] = bot.run(once=True)
    assert "asks to wait" in line
    assert len(server.posted()) == before
    server.left, server.limited = 30, None
    assert "an answer was taken down" in list(bot.round())
