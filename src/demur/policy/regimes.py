"""Regimes: what applies in which country, since when. The data is `regimes.toml`.

This module reads the file once, checks it, and answers three questions for the rest of the house:
which regime, from which day is somebody an adult, from which day may their posts be used. It
knows no person and no clock.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources
from pathlib import Path

from demur.errors import SiteUnusable

ELSEWHERE = "*"
CHOICES = ("opt-out", "opt-in", "off")
OBJECTIONS = ("right", "proof")


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """What a body of law, or our own promise, asks of us; the file explains each field."""

    name: str
    law: str
    since: date
    countries: Mapping[str, tuple[str, ...]]
    choice: str
    objection: str
    adult_at: int
    notice_days: int
    earliest_start: date
    oldest_post: date
    max_age_years: int

    def adult_from(self, born: date) -> date:
        """The day of majority. Whoever was born on 29 February comes of age on 1 March."""
        return _same_day(born, born.year + self.adult_at)

    def usable_from(self, told: date) -> date:
        """The first day on which the posts of somebody told on `told` may be used."""
        return max(told + timedelta(days=self.notice_days), self.earliest_start)

    def window_from(self, today: date) -> date:
        """The first day of the collection window."""
        return max(self.oldest_post, date(today.year - self.max_age_years, 1, 1))

    def notice_languages(self, country: str | None) -> tuple[str, ...]:
        """The languages in which people there are told, first choice first."""
        return self.countries.get(country or ELSEWHERE) or self.countries.get(ELSEWHERE) or ("en",)


@dataclass(frozen=True, slots=True)
class Regimes:
    entries: tuple[Regime, ...]

    def of(self, country: str | None, on: date) -> Regime:
        """The regime of a country on a day: the latest that has begun, else everywhere else's.

        A country we do not know gets that one too; the rule `country-unknown` keeps its people
        out whatever it says.
        """
        for wanted in (country, ELSEWHERE):
            begun = [r for r in self.entries if wanted in r.countries and r.since <= on]
            if begun:
                return max(begun, key=lambda regime: regime.since)
        raise SiteUnusable(
            f"No regime applies on {on}: give regimes.toml an entry for country"
            f' "{ELSEWHERE}" that has begun by then.'
        )


def load(path: Path | None = None) -> Regimes:
    """The regimes of the package, or of an operator's own file; `SiteUnusable` if wrong."""
    if path is None:
        return _shipped()
    if not path.is_file():
        raise SiteUnusable(f"{path} is not there; write it, or use the regimes that are shipped.")
    return _parse(path.read_text("utf-8"), str(path))


@lru_cache(maxsize=1)
def _shipped() -> Regimes:
    source = resources.files("demur.policy").joinpath("regimes.toml")
    return _parse(source.read_text("utf-8"), "regimes.toml")


def _parse(text: str, where: str) -> Regimes:
    try:
        entries = tomllib.loads(text).get("regime", [])
    except tomllib.TOMLDecodeError as error:
        raise SiteUnusable(f"{where} is not TOML ({error}); correct it and try again.") from error
    return Regimes(tuple(_regime(entry, where) for entry in entries))


def _regime(entry: dict[str, object], where: str) -> Regime:
    name = entry.get("name", "without a name")
    kinds = {"countries": dict, "since": date, "earliest_start": date, "oldest_post": date}
    kinds |= {"adult_at": int, "notice_days": int, "max_age_years": int}
    for wanted in (field.name for field in fields(Regime)):
        if type(entry.get(wanted)) is not kinds.get(wanted, str):
            raise SiteUnusable(f"{where}, regime {name}: {wanted} is missing or not right; add it.")
    if entry["choice"] not in CHOICES or entry["objection"] not in OBJECTIONS:
        raise SiteUnusable(
            f"{where}, regime {name}: choice must be one of {', '.join(CHOICES)} and objection"
            f" one of {', '.join(OBJECTIONS)}; correct it."
        )
    if len(entry) > len(fields(Regime)):
        raise SiteUnusable(f"{where}, regime {name} says something nobody reads; check its words.")
    countries = entry.pop("countries")
    assert isinstance(countries, dict)
    spoken = {country: tuple(languages) for country, languages in countries.items()}
    return Regime(countries=spoken, **entry)  # type: ignore[arg-type]


def _same_day(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)
