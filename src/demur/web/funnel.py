"""How many people were told, for everybody to read: in fives, and no group of fewer than five."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from demur.rights import funnel, models
from demur.web import page


@page.view("GET")
def notices(request: HttpRequest) -> HttpResponse:
    """Every campaign: about which uses, since when, and how far it came where."""
    campaigns = [
        {"campaign": row, "groups": [each for each in shown if each.campaign == row.pk]}
        for shown in [funnel.public()]
        for row in models.Campaign.objects.order_by("-entry")
    ]
    return page.show(request, "web/notices.html", campaigns=campaigns)


urls = [path("privacy/notices/", notices, name="notices")]
