"""What the pages' tests keep needing: posts in a lake, and the words of a page."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from typing import Any

from demur.corpus.lake import Lake
from demur.people import AccountId, PersonId
from demur.posts import Audience, Kind, Post
from demur.rights import models
from demur.site.folder import Site


def text(page: Any) -> str:
    return str(page.content.decode())


def words(page: Any) -> str:
    """As somebody reads it: entities undone."""
    return html.unescape(text(page))


def post(number: int, said: str, *, by: str = "anna", **facts: Any) -> Post:
    wanted: dict[str, Any] = {
        "account": AccountId(f"mastodon:https://dorp.example/users/{by}"),
        "platform": "mastodon",
        "kind": Kind.POST,
        "audience": Audience.PUBLIC,
        "created_at": datetime(2024, 5, 1 + number % 27, 9, number % 60, tzinfo=UTC),
        "origin": f"https://dorp.example/users/{by}/{number}",
        "lang": "nl",
        "url": f"https://dorp.example/@{by}/{number}",
    }
    return Post(text=said, **(wanted | facts))


def keep(site: Site, person: models.Person, *posts: Post, named: str = "one") -> None:
    lake = Lake(site.lake, site.home)
    lake.stage(named, ((PersonId(person.pk), each) for each in posts))
    lake.publish(named)
