"""Those who can stop it: an authority halts Italy, trainings stop, and two people lift a hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.contrib.auth.models import User
from django.test import Client
from village_site import Village

from demur import demo, worker
from demur.assistant import chat, search
from demur.assistant.answer import Assistant
from demur.assistant.said import Answer, Message, Sampling
from demur.corpus import build as corpus
from demur.people import Scope
from demur.rights import authority, book, fall, hold, models, roles, standing
from demur.rights.authority import Order, Verb
from demur.rights.place import here
from demur.rights.roles import Role
from demur.tlog import note
from demur.village import story

KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"\x08" * 32)
NETHERLANDS = Scope(country="NL")


def registered(name: str = "AP", key: Ed25519PrivateKey = KEY, *countries: str) -> models.Authority:
    """A supervisory authority with a reader of the portal; of the Netherlands, unless told."""
    vkey = str(note.key_of(f"{name.lower()}.example", key))
    user = User.objects.create_user(name.lower())
    now = datetime.now(UTC)
    return authority.add(name, vkey, countries=countries or ("NL",), user=user, now=now)


def signed(
    verb: Verb = Verb.HALT, *, id: str = "2026/1", name: str = "ap.example",
    key: Ed25519PrivateKey = KEY, scope: Scope = NETHERLANDS, late: timedelta = timedelta(0),
) -> str:  # fmt: skip
    now = datetime.now(UTC).replace(microsecond=0) - late
    order = Order(
        verb=verb, scope=scope, id=id, issued=now, expires=now + timedelta(hours=1),
        site=here().origin,
    )  # fmt: skip
    return note.sign(order.text, name, key)


def send(text: str) -> tuple[int, dict[str, object]]:
    """As the authority's own program does: no cookie, no form."""
    client = Client(enforce_csrf_checks=True)
    response = client.post("/authority/orders/", text, content_type="text/plain")
    return response.status_code, response.json()


def test_an_authority_halts_the_netherlands_and_the_assistant_stops_mid_answer(
    village: Village,
) -> None:
    registered()
    assistant = village.assistant()
    asked = [Message(role="user", text=story.QUESTION_NL)]
    speaking = chat.reply(assistant, asked, Sampling(max_tokens=50, seed=1))
    assert isinstance(next(speaking), str)
    assert send(signed())[0] == 201
    *words, answer = list(speaking)
    assert words == [], "not one more word"
    assert isinstance(answer, Answer)
    assert (answer.finish, answer.text, answer.citations) == ("standing-changed", "", ())
    assert not found(assistant)


def found(assistant: Assistant) -> set[str]:
    """Accounts of people in the Netherlands whose posts a search finds."""
    there = models.Account.objects.filter(person__country="NL").values_list("pk", flat=True)
    return {hit.account for hit in search.find(assistant, story.QUESTION_NL, 50)} & set(there)


def test_a_lift_brings_nothing_back_until_it_is_built_again(village: Village) -> None:
    registered()
    send(signed())
    village.build()
    assert kept(village) == []
    status, said = send(signed(Verb.LIFT, id="2026/2"))
    assert (status, said["order"]) == (201, "LIFT")
    assistant = village.assistant()
    assert not found(assistant)
    village.build()
    assert len(kept(village)) > 0
    assert found(village.assistant())


def kept(village: Village) -> list[str]:
    """Posts by people in the Netherlands that the builds hold now."""
    return list(_kept(village))


def _kept(village: Village) -> Iterator[str]:
    for shard in range(village.site.home.shards):
        built = corpus.current(village.site.build, shard)
        there = [("country", "=", "NL")]
        table = pq.read_table(built.kept, columns=["post_id", "country"], filters=there)
        yield from table["post_id"].to_pylist()


def test_a_training_stops_between_two_batches_when_an_authority_halts(told: Village) -> None:
    registered()
    told.build()
    shard = told.site.home.shard(told.person(story.OBJECTOR).pk)
    wanted = worker.Wanted(told.site, corpus.current(told.site.build, shard))
    assert wanted()
    send(signed(scope=replace(NETHERLANDS, kinds=("comment",), platform="nowhere"), id="other"))
    assert wanted(), "what is halted is not in this shard"
    send(signed())
    assert not wanted()
    assert worker.train_one(told.site, shard) == (shard, False)


def test_an_authority_counts_before_it_orders_and_what_falls_is_what_was_counted(
    told: Village,
) -> None:
    ap = registered()
    told.build()
    reader = Client(headers={"accept-language": "en"})
    reader.force_login(ap.user)
    asked = {"country": "NL", "platform": "mastodon", "format": "json"}
    counted = reader.get("/authority/dry-run/", asked).json()
    assert not models.Hold.objects.exists(), "counting changes nothing"
    head = book.head()
    text = signed(scope=Scope(country="NL", platform="mastodon"))
    same = authority.dry_run(text, now=datetime.now(UTC))
    assert same.to_json() == counted
    assert book.head() == head
    before = len(kept(told))
    assert counted["posts"] > 0
    send(text)
    told.build()
    assert before - len(kept(told)) == counted["posts"]


def test_small_numbers_are_the_authoritys_alone(told: Village) -> None:
    told.build()
    few = Scope(country="NL", platform="mastodon")
    exact, shown = (fall.of_scope(few, exact=everything) for everything in (True, False))
    for counted, said in ((exact.posts, shown.posts), (exact.people, shown.people)):
        assert counted is not None
        assert said == (None if 0 < counted < fall.FEW else counted)
    assert exact.people is not None
    assert 0 < exact.people < fall.FEW
    assert shown.people is None


def test_a_forged_an_expired_and_a_replayed_order_change_nothing(told: Village) -> None:
    registered()
    registered("Garante", OTHER, "IT")
    true = signed()
    head = book.head()
    for false in (
        true.replace('"NL"', '"BE"'),
        signed(key=OTHER),
        signed(late=timedelta(hours=2)),
        signed(name="garante.example", key=OTHER),
        true.replace(here().origin, "elsewhere.example/log"),
    ):
        status, said = send(false)
        assert status == 403
        assert str(said["error"]).endswith(".")
    assert (book.head(), models.Hold.objects.count()) == (head, 0)
    assert send(true)[0] == 201
    assert send(true)[0] == 403
    assert models.Hold.objects.count() == 1


def test_only_the_authority_that_halted_can_lift(told: Village) -> None:
    registered()
    registered("Board", OTHER, "NL", "BE")
    send(signed())
    refused = send(signed(Verb.LIFT, id="1", name="board.example", key=OTHER))
    assert refused[0] == 403
    assert "AP" in str(refused[1]["error"])
    ina = User.objects.create_user("ina")
    roles.appoint(ina, Role.OPERATOR)
    desk = Client()
    desk.force_login(ina)
    placed = models.Hold.objects.get()
    assert desk.post(f"/admin/holds/{placed.pk}/lift/").status_code == 403
    assert models.Hold.objects.get().lifted_at is None
    assert send(signed(Verb.LIFT, id="2026/2"))[0] == 201


def test_a_halt_for_next_week_is_in_the_book_now_and_in_force_then(told: Village) -> None:
    registered()
    monday = datetime.now(UTC).date() + timedelta(days=7)
    now = datetime.now(UTC).replace(microsecond=0)
    order = Order(
        verb=Verb.HALT, scope=NETHERLANDS, id="1", issued=now, expires=now + timedelta(hours=1),
        site=here().origin, starts=monday,
    )  # fmt: skip
    assert send(note.sign(order.text, "ap.example", KEY))[0] == 201
    today = standing.of(told.site, today=now.date).in_force()
    then = standing.of(told.site, today=lambda: monday).in_force()
    assert (today.holds, then.holds) == ((), (NETHERLANDS,))


def test_two_people_lift_the_operators_own_hold(told: Village) -> None:
    hold.place(NETHERLANDS, by="ina", now=told.now())
    clients = {}
    for name, role in (("ina", Role.OPERATOR), ("omar", Role.OFFICER)):
        user = User.objects.create_user(name)
        roles.appoint(user, role)
        clients[name] = Client()
        clients[name].force_login(user)
    placed = models.Hold.objects.get()
    clients["ina"].post(f"/admin/holds/{placed.pk}/lift/")
    page = f"/admin/proposals/{models.Proposal.objects.get().pk}/"
    assert clients["ina"].post(page, {"do": "confirm"}).status_code == 403
    assert models.Hold.objects.get().lifted_at is None
    clients["omar"].post(page, {"do": "confirm"})
    assert models.Hold.objects.get().lifted_at is not None


def test_an_authority_reads_everything_and_no_person(village: Village) -> None:
    ap = registered()
    reader = Client(headers={"accept-language": "en"})
    reader.force_login(ap.user)
    pages = [reader.get(path) for path in ("/authority/", "/authority/lines/")]
    assert [page.status_code for page in pages] == [200, 200]
    front = pages[0].content.decode()
    for told in ("Why posts are left out", "Shards", "Who was told", "Regimes in force"):
        assert told in front
    served = models.Opening.objects.filter(entry__kind="served").latest("entry").payload["model"]
    assert served[:12] in front
    marijke = village.person(story.OBJECTOR)
    for page in pages:
        for secret in (marijke.pk, marijke.email, "marijke"):
            assert secret not in page.content.decode().lower()


@pytest.mark.parametrize("path", ["/authority/", "/authority/lines/", "/authority/dry-run/"])
def test_marijke_does_not_read_what_is_for_authorities(told: Village, path: str) -> None:
    client = Client()
    client.force_login(User.objects.create_user("marijke"))
    assert client.get(path).status_code == 403


def test_the_village_tells_of_luciana_and_of_the_authority(village: Village) -> None:
    """The two steps of `demur demo` that nobody but the demonstration takes in this order."""
    said: list[str] = []
    assistant = village.assistant()
    clock = lambda: datetime.now(UTC)  # noqa: E731
    demo.abroad(village.site, assistant, said.append, clock)
    assert any("found in an answer" in line for line in said), said
    assert any("fulfilled" in line for line in said)
    luciana = village.accounts(story.ABROAD)
    assert not luciana & {hit.account for hit in search.find(assistant, story.QUESTION_ABROAD, 50)}
    said.clear()
    demo.halted(village.site, assistant, said.append, clock)
    before, after, lifted = [int(line.split()[0]) for line in said if "posts found" in line]
    assert before == lifted > after
