"""How many were told: each campaign by country and language, from queued to reached.

Exact for the operator's desk. What everybody may read is rounded down to fives and shows no group
of fewer than five: who objects in a small place is nobody's business (and a sum or a difference
of what is shown gives nothing away either).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.db.models import Count, Exists, F, OuterRef, Q

from demur.rights import models

STEP = 5

_ARRIVED = Q(sent_at__isnull=False, bounced_at=None)
_REACHED = _ARRIVED | Q(opened_at__isnull=False) | Q(seen_at__isnull=False)
_NUMBERS = ("queued", "sent", "bounced", "opened", "seen", "reached", "objected", "unreachable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """People of one campaign, country and language ("" where unknown)."""

    campaign: str
    country: str
    language: str
    queued: int = 0
    sent: int = 0
    bounced: int = 0
    opened: int = 0
    seen: int = 0
    reached: int = 0
    objected: int = 0  # a No since the campaign began, that stands
    unreachable: int = 0  # no address, and no banner seen

    def rounded(self) -> Funnel:
        """For the public: fives, rounded down."""
        return replace(self, **{name: getattr(self, name) // STEP * STEP for name in _NUMBERS})


def exact() -> list[Funnel]:
    """Every group, by campaign (oldest first), country and language."""
    sums: dict[tuple[str, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    _add(sums, _deliveries())
    for campaign in models.Campaign.objects.all():
        _add(sums, _unreachable(campaign))
    order = list(models.Campaign.objects.order_by("entry").values_list("pk", flat=True))
    return [
        Funnel(campaign=campaign, country=country, language=language, **numbers)
        for (campaign, country, language), numbers in sorted(
            sums.items(), key=lambda item: (order.index(item[0][0]), item[0])
        )
    ]


def public() -> list[Funnel]:
    """What everybody may read: groups of whom at least five were written to or seen, in fives."""
    shown = [each.rounded() for each in exact()]
    return [each for each in shown if each.queued or each.seen]


def _deliveries() -> Iterable[Mapping[str, object]]:
    own = Q(person=OuterRef("person")) | Q(person__merged_into=OuterRef("person"))
    no = models.Objection.objects.filter(own, withdrawn_at=None, at__gte=OuterRef("campaign__at"))
    rows = models.Delivery.objects.annotate(said_no=Exists(no))
    return rows.values(
        "campaign", country=F("person__country"), language=F("person__language")
    ).annotate(
        queued=Count("pk", filter=Q(queued_at__isnull=False)),
        sent=Count("pk", filter=Q(sent_at__isnull=False)),
        bounced=Count("pk", filter=Q(bounced_at__isnull=False)),
        opened=Count("pk", filter=Q(opened_at__isnull=False)),
        seen=Count("pk", filter=Q(seen_at__isnull=False)),
        reached=Count("pk", filter=_REACHED),
        objected=Count("pk", filter=Q(said_no=True)),
    )


def _unreachable(campaign: models.Campaign) -> Iterable[Mapping[str, object]]:
    told = models.Delivery.objects.filter(_REACHED, campaign=campaign, person=OuterRef("pk"))
    people = models.Person.objects.filter(merged_into=None, erased_at=None, email="")
    if campaign.countries:
        people = people.filter(country__in=campaign.countries)
    rows = people.exclude(Exists(told)).values("country", "language")
    return [{"campaign": campaign.pk, **row} for row in rows.annotate(unreachable=Count("pk"))]


def _add(
    sums: dict[tuple[str, str, str], dict[str, int]], rows: Iterable[Mapping[str, object]]
) -> None:
    """Languages are told apart by their first part: nl-BE and nl are both nl."""
    for row in rows:
        language = str(row["language"]).lower().partition("-")[0]
        key = (str(row["campaign"]), str(row["country"]), language)
        for name in _NUMBERS:
            number = row.get(name, 0)
            assert isinstance(number, int)
            sums[key][name] += number
