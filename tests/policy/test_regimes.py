"""What applies where, since when."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from demur.errors import SiteUnusable
from demur.policy import regimes

TODAY = date(2026, 11, 21)
EEA = [
    "AT",
    "BE",
    "BG",
    "CY",
    "CZ",
    "DE",
    "DK",
    "EE",
    "ES",
    "FI",
    "FR",
    "GR",
    "HR",
    "HU",
    "IE",
    "IS",
    "IT",
    "LI",
    "LT",
    "LU",
    "LV",
    "MT",
    "NL",
    "NO",
    "PL",
    "PT",
    "RO",
    "SE",
    "SI",
    "SK",
]


def test_thirty_countries_share_the_european_right_to_object() -> None:
    law = regimes.load()
    assert len(EEA) == 30
    assert {law.of(country, TODAY).name for country in EEA} == {law.of("NL", TODAY).name}
    assert law.of("GB", TODAY).objection == law.of("CH", TODAY).objection == "right"
    assert law.of("BR", TODAY).objection == law.of("US", TODAY).objection == "proof"


def test_a_country_nobody_named_gets_everywhere_elses_promise() -> None:
    assert regimes.load().of("NZ", TODAY).name == regimes.load().of(None, TODAY).name


def test_before_a_law_began_it_does_not_apply() -> None:
    assert regimes.load().of("GB", date(2020, 12, 31)).name == "Everywhere else"


def test_a_belgian_is_told_in_three_languages() -> None:
    belgian = regimes.load().of("BE", TODAY)
    assert belgian.notice_languages("BE") == ("nl", "fr", "de")
    assert regimes.load().of("NZ", TODAY).notice_languages("NZ") == ("en",)


def test_born_on_a_leap_day_is_of_age_on_the_first_of_march() -> None:
    dutch = regimes.load().of("NL", TODAY)
    assert dutch.adult_from(date(2008, 2, 29)) == date(2026, 3, 1)
    assert dutch.adult_from(date(2008, 11, 22)) == date(2026, 11, 22)


def test_told_early_still_waits_for_the_announced_start() -> None:
    dutch = regimes.load().of("NL", TODAY)
    assert dutch.usable_from(date(2025, 1, 1)) == dutch.earliest_start
    assert dutch.usable_from(date(2026, 10, 12)) == date(2026, 11, 11)


def test_the_window_moves_with_the_year_and_not_with_the_day() -> None:
    dutch = regimes.load().of("NL", TODAY)
    assert dutch.window_from(date(2026, 1, 1)) == dutch.window_from(date(2026, 12, 31))
    assert dutch.window_from(date(2027, 1, 1)) > dutch.window_from(date(2026, 12, 31))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text.replace('choice = "opt-out"', 'choice = "presumed"'), "choice must be"),
        (lambda text: text.replace("adult_at = 18\n", "", 1), "adult_at is missing"),
        (lambda text: text.replace("adult_at = 18", 'adult_at = "18"', 1), "adult_at is missing"),
        (lambda text: text.replace("adult_at =", "adultat =", 1), "adult_at is missing"),
        (lambda text: text.replace('"*" =', "ZZ ="), "has begun by then"),
        (lambda text: text + "[[[", "not TOML"),
    ],
)
def test_a_mistake_in_the_file_stops_with_a_sentence(
    damage: object, said: str, tmp_path: Path
) -> None:
    assert callable(damage)
    shipped = Path(regimes.__file__).with_name("regimes.toml").read_text("utf-8")
    own = tmp_path / "regimes.toml"
    own.write_text(damage(shipped), "utf-8")
    with pytest.raises(SiteUnusable, match=said):
        regimes.load(own).of("NZ", TODAY)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SiteUnusable, match="is not there"):
        regimes.load(tmp_path / "regimes.toml")
