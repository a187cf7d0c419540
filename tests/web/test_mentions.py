"""What others wrote about Anna: certain mentions shown, her plain name asked about, only to her."""

from __future__ import annotations

import pytest
from django.test import Client

from demur.posts import Audience, Mention
from demur.rights import models

from .writing import keep, post, text, words

PAGE = "/privacy/mentions/"


@pytest.fixture
def street(site, anna, bob) -> None:
    """Bob writes about Anna by her handle, and three times about an Anna."""
    models.Account.objects.filter(person=anna).update(name="Anna de Vries")
    tag = Mention(start=5, end=10, key="mastodon:@anna")
    keep(
        site,
        bob,
        post(1, "Hoi, @anna, lekkere taart", by="bob", mentions=(tag,)),
        post(2, "Gisteren zag ik Anna de Vries op de pont", by="bob"),
        post(3, "Het boek van Anna de Vries is uit", by="bob"),
        post(4, "Morgen komt Anna de Vries eten", by="bob"),
        post(5, "Stil over Anna de Vries", by="bob", audience=Audience.FRIENDS),
    )


@pytest.mark.usefixtures("street")
def test_certain_mentions_are_counted_and_shown_as_they_would_be_masked(as_anna):
    page = words(as_anna.get(PAGE))
    assert "1 post by somebody else mentions you" in page
    assert "<del>@anna</del>" in page
    assert "If you say no to everything" in page
    as_anna.post("/privacy/object/", {"email": "anna@dorp.example"})
    assert "You have said no. Where others mention you" in words(as_anna.get(PAGE))


@pytest.mark.usefixtures("street")
def test_her_plain_name_is_asked_about_one_by_one(as_anna):
    page = text(as_anna.get(PAGE))
    assert page.count("Yes, that is me") == 3
    assert "Stil over" not in page  # for friends: not looked into
    first, second, _third = models.NamedIn.objects.order_by("pk")
    as_anna.post(PAGE, {"shown": [first.pk], "yes": first.pk})
    as_anna.post(PAGE, {"shown": [second.pk], "no": second.pk})
    assert sorted(models.NamedIn.objects.values_list("confirmed", flat=True), key=str) == [
        False,
        None,
        True,
    ]
    page = text(as_anna.get(PAGE))
    assert page.count("Yes, that is me") == 1
    assert "1 times that it is you" in page


@pytest.mark.usefixtures("street")
def test_or_all_on_the_page_at_once(as_anna):
    as_anna.get(PAGE)
    shown = list(models.NamedIn.objects.values_list("pk", flat=True))
    as_anna.post(PAGE, {"shown": shown, "all": "no"})
    assert set(models.NamedIn.objects.values_list("confirmed", flat=True)) == {False}
    assert "Nothing waits for your answer" in text(as_anna.get(PAGE))


@pytest.mark.usefixtures("street")
def test_bob_cannot_answer_for_anna(as_anna, bob):
    as_anna.get(PAGE)
    hers = models.NamedIn.objects.first()
    client = Client()
    client.force_login(bob.user)
    assert client.post(PAGE, {"shown": [hers.pk], "yes": hers.pk}).status_code == 404
    assert client.post(PAGE, {"shown": [hers.pk], "all": "yes"}).status_code == 404
    for nonsense in ({}, {"yes": "x"}, {"all": "yes"}):
        assert client.post(PAGE, nonsense).status_code == 404
    assert "de Vries" not in text(client.get(PAGE))
