"""The bot on somebody's Mastodon server: it answers whoever asks, once, and hears a No."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pretend_mastodon
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pretend_mastodon import TOKEN, length

from demur.assistant.said import Citation
from demur.bot import bot as bots
from demur.bot import statuses
from demur.bot.bot import Bot
from demur.bot.hearing import Meant, meant, words
from demur.bot.server import Server, Wait
from demur.cli import main
from demur.errors import NotFound, Refusal, StandingUnreadable
from demur.rights import models, objection, spool, standing
from demur.site.folder import Site
from demur.web.models import BotMention

from .conftest import POST_URL, FakeAssistant


@pytest.fixture
def server():
    with pretend_mastodon.running(host="dorp.example") as running:
        yield running


@pytest.fixture
def assistant() -> FakeAssistant:
    return FakeAssistant()


@pytest.fixture
def bot(site: Site, server, assistant) -> Bot:
    """Switched on before anybody has asked anything."""
    made = another(site, server, assistant)
    list(made.round())
    return made


def another(site: Site, server, assistant) -> Bot:
    """The same bot in a new process."""

    def clock() -> datetime:
        return datetime.now(UTC)

    stands = standing.of(site, today=lambda: clock().date())
    return Bot(site, Server(server.address, TOKEN, clock), assistant, stands, clock)


def test_a_question_is_answered_below_it_with_its_sources_and_the_way_to_object(bot, server):
    asked = server.says("anna", "When is the fair?")
    assert list(bot.round()) == ["a question was answered"]
    [answer] = server.posted()
    assert answer["in_reply_to_id"] == asked["id"]
    assert answer["text"].startswith("@anna The fair is on Saturday [1]")
    assert f"[1] {POST_URL}" in answer["text"]
    assert "“no”" in answer["text"]
    assert "/privacy/object/" in answer["text"]
    assert answer["language"] == "en"


def test_what_was_said_before_the_bot_was_switched_on_is_left(site, server, assistant):
    server.says("anna", "When is the fair?")
    made = another(site, server, assistant)
    list(made.round())
    list(made.round())
    assert server.posted() == []
    server.says("anna", "And where?")
    list(made.round())
    assert len(server.posted()) == 1


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("public", "unlisted"),
        ("unlisted", "unlisted"),
        ("private", "direct"),  # our followers are not the asker's
        ("direct", "direct"),
        ("something new", "direct"),
    ],
)
def test_an_answer_is_seen_by_nobody_who_could_not_see_the_question(bot, server, asked, answered):
    server.says("anna", "When is the fair?", visibility=asked)
    list(bot.round())
    assert [each["visibility"] for each in server.posted()] == [answered]


def test_a_content_warning_stays_on(bot, server):
    server.says("anna", "When is the fair?", spoiler_text="clowns", sensitive=True)
    list(bot.round())
    [answer] = server.posted()
    assert (answer["spoiler_text"], answer["sensitive"]) == ("clowns", True)


def test_the_question_is_kept_nowhere(bot, server, site):
    server.says("anna", "Is the SECRETQUESTION at the fair?", visibility="direct")
    list(bot.round())
    assert len(server.posted()) == 1
    kept = b"".join(path.read_bytes() for path in site.root.rglob("*") if path.is_file())
    assert b"SECRETQUESTION" not in kept
    assert b"users/anna" not in kept
    row = BotMention.objects.get(outcome="answered")
    assert (row.asked, len(row.asker)) == ("", 16)
    bot._clock = lambda: datetime.now(UTC) + timedelta(hours=2)
    list(bot.round())
    row.refresh_from_db()
    assert row.asker == b"", "who asked is forgotten after an hour, as a mark too"


def test_bots_itself_and_strangers_are_not_answered_and_nobody_is_without_end(bot, server):
    server.account("robot", bot=True)
    server.says("robot", "When is the fair?")
    server.says("demur", "When is the fair?")
    server.says("eve@elsewhere.example", "When is the fair?")
    list(bot.round())
    assert server.posted() == []
    for _ in range(bots.AN_HOUR + 2):
        server.says("anna", "When is the fair?")
    list(bot.round())
    assert len(server.posted()) == bots.AN_HOUR


def test_a_long_pause_skips_nobody(bot, server, monkeypatch):
    monkeypatch.setattr("demur.bot.server.PAGE", 4)
    for number in range(6):
        server.says(f"anna{number}", "When is the fair?")
    list(bot.round())
    list(bot.round())
    answered = [each["text"].partition(" ")[0] for each in server.posted()]
    assert answered == [f"@anna{number}" for number in range(6)]


# ---- crashes and limits ----


def test_a_crash_after_posting_answers_nobody_twice(bot, server, site, assistant):
    server.says("anna", "When is the fair?")
    server.dies_after = "POST /api/v1/statuses"
    with pytest.raises(Wait):
        list(bot.round())
    assert len(server.posted()) == 1
    server.keys.clear()  # an hour later the server has forgotten the key
    restarted = another(site, server, assistant)
    assert list(restarted.round()) == ["an answer that was interrupted was found again"]
    list(restarted.round())
    assert len(server.posted()) == 1
    assert BotMention.objects.get(outcome="answered").statuses == [server.posted()[0]["id"]]


def test_a_crash_before_posting_leaves_nobody_unanswered(bot, server, site, assistant, monkeypatch):
    def dies(*_args, **_more):
        raise KeyboardInterrupt

    server.says("anna", "When is the fair?")
    with monkeypatch.context() as patched:
        patched.setattr(Server, "post", dies)
        with pytest.raises(KeyboardInterrupt):
            list(bot.round())
    assert server.posted() == []
    list(another(site, server, assistant).round())
    list(another(site, server, assistant).round())
    assert len(server.posted()) == 1


def test_when_the_server_asks_to_wait_nothing_is_asked_of_it_and_nothing_is_lost(
    bot, server, site, assistant
):
    server.says("anna", "When is the fair?")
    server.limited = datetime.now(UTC) + timedelta(minutes=3)
    with pytest.raises(Wait) as wait:
        list(bot.round())
    assert abs(wait.value.until - server.limited) < timedelta(seconds=1)
    server.limited = None
    list(bot.round())
    assert len(server.posted()) == 1


def test_a_question_that_was_deleted_meanwhile_is_left(bot, server, assistant, monkeypatch):
    asked = server.says("anna", "When is the fair?")
    real = FakeAssistant.answer

    def slow(self):
        server.statuses.pop(asked["id"], None)
        return real(self)

    monkeypatch.setattr(FakeAssistant, "answer", slow)
    list(bot.round())
    assert server.posted() == []
    assert BotMention.objects.latest("pk").outcome == "silent"


def test_a_wrong_token_stops_the_bot_with_a_sentence(site, server, assistant):
    made = another(site, server, assistant)
    made._server._token = "wrong"
    with pytest.raises(Refusal, match=r"keys/bot\.key"):
        list(made.run(once=True))


def test_the_token_follows_no_redirect(site, server, monkeypatch):
    monkeypatch.setattr(server, "answer", lambda *asked: (302, {}))
    with pytest.raises(Refusal, match="302"):
        Server(server.address, TOKEN, lambda: datetime.now(UTC)).me()


# ---- while nobody can say, or somebody says no ----


def test_nothing_is_posted_of_an_answer_that_was_overtaken(bot, server, assistant):
    server.says("anna", "When is the fair?")
    assistant.finish = "standing-changed"
    list(bot.round())
    assert server.posted() == []
    assert len(assistant.asked) == bots.TRIES


def test_the_base_alone_does_not_speak_for_the_community(bot, server, assistant):
    assistant.memories = False
    server.says("anna", "When is the fair?")
    list(bot.round())
    assert server.posted() == []


def test_before_the_first_release_and_without_a_database_questions_wait(bot, server, assistant):
    server.says("anna", "When is the fair?")
    for refusal in (NotFound("No model is released yet."), StandingUnreadable("x")):
        assistant.refusal = refusal
        [line] = bot.run(once=True)
        assert "SECRET" not in line
    assistant.refusal = None
    list(bot.run(once=True))
    assert len(server.posted()) == 1


def test_an_answer_that_may_not_be_shown_any_more_is_deleted(bot, server, assistant, bob):
    """The whole story, with real memories, is in tests/stories/test_bot.py."""
    server.says("anna", "When is the fair?")
    list(bot.round())
    [answer] = server.posted()
    list(bot.round())
    assert server.deleted == [], "while nothing has changed, nothing is asked and nothing deleted"
    assistant.silent = {"0" * 32}
    objection.submit(bob, route="form", now=datetime.now(UTC))
    assert "an answer was taken down" in list(bot.round())
    assert server.deleted == [answer["id"]]
    row = BotMention.objects.get(outcome="taken-down")
    assert (row.statuses, row.drawn) == ([], [])


def test_what_falls_between_an_answer_and_its_posting_is_not_posted(
    bot, server, assistant, monkeypatch
):
    real = statuses.compose

    def somebody_says_no(*args, **more):
        assistant.silent = {"0" * 32}
        return real(*args, **more)

    monkeypatch.setattr(statuses, "compose", somebody_says_no)
    server.says("anna", "When is the fair?")
    list(bot.round())
    assert server.posted() == []
    assert BotMention.objects.latest("pk").drawn == []


@pytest.mark.parametrize(
    "said", ["nee", "No.", "stop!", "No thanks", "I object to the use of my posts"]
)
def test_a_no_said_to_the_bot_is_a_no(bot, server, anna, said):
    server.says("anna", said)
    assert list(bot.round()) == ["a No was heard"]
    stands = objection.standing_objection(anna)
    assert (stands.route, stands.scope, stands.account_id) == (
        "bot",
        {},
        "mastodon:https://dorp.example/users/anna",
    )
    [told] = server.posted()
    assert told["visibility"] == "direct"
    assert "/privacy/" in told["text"]
    with pytest.raises(Refusal):
        objection.undo(stands, now=datetime.now(UTC))  # she said it herself: she takes it back


def test_a_no_of_somebody_elsewhere_or_of_an_account_marked_as_automatic_counts_too(
    bot, server, anna, bob
):
    server.account("bob", bot=True)
    server.says("bob", "nee")
    server.account("anna@other.example", uri="https://dorp.example/users/anna")
    server.says("anna@other.example", "nee")
    list(bot.round())
    assert objection.standing_objection(bob) is not None
    assert objection.standing_objection(anna) is not None


def test_a_no_of_somebody_unknown_is_shown_the_way(bot, server, site):
    server.says("carla", "nee")
    assert list(bot.round()) == ["somebody was shown how to object"]
    [told] = server.posted()
    assert "/privacy/not-a-member/" in told["text"]
    assert not models.Objection.objects.exists()


def test_a_no_twice_is_one_and_each_is_told_so(bot, server, anna):
    for _ in range(2):
        server.says("anna", "nee")
        list(bot.round())
    assert models.Objection.objects.count() == 1
    assert len(server.posted()) == 2


def test_a_no_that_the_database_does_not_take_waits_in_the_spool(
    bot, server, site, anna, monkeypatch
):
    from django.db import OperationalError

    def full(*_args, **_more):
        raise OperationalError("database or disk is full")

    server.says("anna", "nee")
    with monkeypatch.context() as patched:
        patched.setattr(objection, "submit", full)
        for _ in range(3):
            list(bot.run(once=True))
    assert len(spool.waiting(site.spools)) == 1
    now = datetime.now(UTC)
    assert anna.pk in standing.of(site, today=now.date).in_force().silent
    list(bot.run(once=True))
    assert objection.standing_objection(anna) is not None
    assert len(server.posted()) == 1


@pytest.mark.parametrize(
    ("text", "hears"),
    [
        ("nee", Meant.NO),
        ("Stop", Meant.NO),
        ("hou op", Meant.NO),
        ("Ik maak bezwaar tegen het gebruik van mijn berichten.", Meant.NO),
        ("I don't want to miss the ferry, when does it leave?", Meant.QUESTION),
        ("Is there no bus on Sunday?", Meant.QUESTION),
        ("Stop the ferry, I want to get off", Meant.QUESTION),
        ("Waar is de bushalte, en waarom rijdt er geen bus?", Meant.QUESTION),
        ("How do I object?", Meant.ABOUT_A_NO),
        ("Hoe maak ik bezwaar?", Meant.ABOUT_A_NO),
        ("I withdraw my objection", Meant.ABOUT_A_NO),
        ("", Meant.NOTHING),
    ],
)
def test_what_a_mention_means(text, hears):
    assert meant(text) is hears


def test_who_asks_how_to_object_is_shown_it_and_nothing_is_guessed(bot, server, anna):
    server.says("anna", "Hoe maak ik bezwaar?")
    list(bot.round())
    [told] = server.posted()
    assert "/privacy/object/" in told["text"]
    assert told["language"] == "nl"
    assert objection.standing_objection(anna) is None


# ---- words ----


def test_markup_and_our_own_handle_are_taken_off_a_question():
    html = (
        '<p><span class="h-card"><a href="https://d.example/@demur" class="u-url mention">@<span>'
        'demur</span></a></span> Where is<br>the <b onclick="x()">fair</b>, &lt;Anna&gt;?'
        "<script>alert(1)</script></p><p>Ask @bob@d.example</p>"
    )
    said = words(html, ("demur", "demur@d.example"))
    assert said == "Where is\nthe fair, <Anna>?\n\nAsk @bob@d.example"
    assert words("<p>@demur @demur@d.example nee</p>", ("demur", "demur@d.example")) == "nee"


def test_nobody_is_called_by_what_is_quoted():
    quoted = statuses.inert("Thanks @bob@d.example and @anna! #fair, me@mail.example")
    assert "@bob" not in quoted
    assert "#fair" not in quoted
    assert quoted.replace("\u2060", "") == "Thanks @bob@d.example and @anna! #fair, me@mail.example"


LINK = Citation(
    number=1, post_id="0" * 32, account="a", platform="mastodon", url=POST_URL, attribution=None,
    lang="en", text="x",
)  # fmt: skip
FOOT = statuses.FOOT["nl"].format(link="https://dorp.example/privacy/object/")


@given(st.text(max_size=3000), st.integers(0, 3))
def test_every_status_fits_and_shows_the_way_to_object(text, cited):
    sources = [replace(LINK, number=number + 1) for number in range(cited)]
    composed = statuses.compose(text, sources, to="anna", foot=FOOT, characters=500)
    assert len(composed) <= statuses.MOST
    assert all(length(each) <= 500 for each in composed)
    assert all(each.startswith("@anna ") and each.endswith(FOOT) for each in composed)
    assert all(any(f"[{s.number}] {POST_URL}" in each for each in composed) for s in sources)


def test_a_source_that_is_no_web_page_is_not_linked():
    bad = replace(LINK, url="javascript:alert(1)")
    [status] = statuses.compose("Hello", [bad], to="anna", foot=FOOT, characters=500)
    assert "javascript" not in status


def test_the_command_says_what_is_missing(site, capsys):
    assert main(["bot", "--site", str(site.root)]) == 2
    assert "keys/bot.key" in capsys.readouterr().err
