"""The village delivered: one archive a person and platform, in the platforms' own formats.

`write` gives the same bytes every time. The last delivery is the operator's own records: they know
of locks that the archives do not tell, and the archive that comes last says what stands.
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
    """`audience` and `groups`: what the operator declares for it, where the archive is silent: who
    could see its owner's posts, and which of the groups in it are public."""

    path: Path
    platform: str
    audience: Audience | None
    why: str
    groups: tuple[str, ...] = ()


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
    archives = [
        _deliver(folder, village, villager, profile)
        for villager in village.people.values()
        for profile in villager.profiles
        if profile.platform != "forum"
    ]
    return [*archives, records]


def _deliver(folder: Path, village: Village, villager: Villager, profile: Profile) -> Delivery:
    name, data = _packed(village, villager, profile)
    silent = profile.platform in ("facebook", "instagram")
    declared = silent and villager.key not in UNDECLARED and not profile.locked
    return Delivery(
        path=_put(folder / name, data),
        platform=profile.platform,
        audience=Audience.PUBLIC if declared else None,
        why=f"{villager.name}, {villager.about}",
        groups=_public_groups(village, villager) if declared else (),
    )


def _public_groups(village: Village, villager: Villager) -> tuple[str, ...]:
    """The Facebook groups they wrote in that are public, by name."""
    used = {s.group for s in village.by(villager.key, "facebook") if s.group}
    return tuple(sorted(village.groups[key].name for key in used if village.groups[key].public))


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
