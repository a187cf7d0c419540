"""How near a picture comes to anybody's: every one in the lake is compared, whoever objects."""

from __future__ import annotations

from pathlib import Path
from random import Random

from corpus_town import Town

from demur.corpus.likeness import distance
from demur.corpus.nearness import nearest
from demur.people import PersonId
from demur.posts import Kind, Photo


def test_the_nearest_of_all_is_found_and_pictures_without_a_look_are_passed_over(
    town: Town,
) -> None:
    dice = Random(1)
    looks = [dice.randbytes(32) for _ in range(20)]
    town.person("anna")
    every = [
        Photo(sha256=f"{number:064x}", media_type="image/png", look=look)
        for number, look in enumerate([*looks, b"", b""])
    ]
    town.put(
        *(town.post("anna", f"foto {photo.sha256}", photos=(photo,)) for photo in every[:12]),
        town.post("anna", "zonder foto"),
    )
    town.put(town.post("anna", "een album", kind=Kind.PHOTO, photos=tuple(every[12:])))
    for asked in [*(dice.randbytes(32) for _ in range(5)), looks[7]]:
        assert nearest(town.lake.root, asked) == min(distance(asked, look) for look in looks)


def test_whose_no_it_was_is_compared_until_they_are_erased(village: Town) -> None:
    look = Random(2).randbytes(32)
    photo = Photo(sha256="b" * 64, media_type="image/png", look=look)
    village.put(village.post("anna", "mijn foto", kind=Kind.PHOTO, photos=(photo,)))
    village.people["anna"] |= {"objects": True, "objects_here": True}
    village.build()
    assert "mijn foto" not in village.texts()
    assert nearest(village.lake.root, look) == 0
    village.lake.erase(PersonId(b"anna".hex().ljust(32, "0")))
    assert nearest(village.lake.root, look) is None


def test_with_nothing_to_compare_there_is_nothing_near(tmp_path: Path) -> None:
    assert nearest(tmp_path / "lake", b"x" * 32) is None
    assert nearest(tmp_path / "lake", b"") is None
