"""The village delivered: one archive a person and platform, in the platforms' own formats.

`write` gives the same bytes every time. The first delivery is the operator's own records, which say
what no platform's archive does; the rest may come in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from demur.posts import Audience
from demur.village import as_bluesky, as_facebook, as_instagram, as_mastodon, as_operator
from demur.village.packing import tarred, zipped
from demur.village.village import Profile, Village, Villager, load

UNDECLARED = frozenset({"jo"})  # nobody has said who could see what they posted
BARE = frozenset({"pieterjan"})  # a Bluesky repository without its identity and pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """`audience`: what the operator declares for it, where the archive says nothing of its own."""

    path: Path
    platform: str
    audience: Audience | None
    why: str


def write(folder: Path) -> list[Delivery]:
    """Write every archive of the village into `folder`, made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    village = load()
    records = Delivery(
        path=_put(folder / "operator.zip", zipped(as_operator.files(village))),
        platform="neutral",
        audience=None,
        why="the operator's records of all members, and the noticeboard",
    )
    return [records] + [
        _deliver(folder, village, villager, profile)
        for villager in village.people.values()
        for profile in villager.profiles
        if profile.platform != "forum"
    ]


def _deliver(folder: Path, village: Village, villager: Villager, profile: Profile) -> Delivery:
    name, data = _packed(village, villager, profile)
    silent = profile.platform in ("facebook", "instagram")
    declared = silent and villager.key not in UNDECLARED and not profile.locked
    return Delivery(
        path=_put(folder / name, data),
        platform=profile.platform,
        audience=Audience.PUBLIC if declared else None,
        why=f"{villager.name}, {villager.about}",
    )


def _packed(village: Village, villager: Villager, profile: Profile) -> tuple[str, bytes]:
    stem = f"{profile.platform}-{villager.key}"
    match profile.platform:
        case "facebook":
            return f"{stem}.zip", zipped(as_facebook.files(village, villager, profile))
        case "instagram":
            return f"{stem}.zip", zipped(as_instagram.files(village, villager, profile))
        case "mastodon" if profile.layout == "tar.gz":
            return f"{stem}.tar.gz", tarred(as_mastodon.files(village, villager, profile))
        case "mastodon":
            return f"{stem}.zip", zipped(as_mastodon.files(village, villager, profile))
        case _ if villager.key in BARE:
            return f"{stem}.car", as_bluesky.repository(village, villager, profile)
        case _:
            return f"{stem}.zip", zipped(as_bluesky.files(village, villager, profile))


def _put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
