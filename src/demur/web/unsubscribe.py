"""Behind the links in our letters: "it arrived", "no reminder, please", and "I object".

Each link does one thing, expires, and signs nobody in. Looking at a page changes nothing but that
a notice counts as opened: mail programs open links by themselves, and then it has arrived too.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt

from demur.errors import NotFound
from demur.rights import models, notice, people, signed
from demur.rights import objection as objections
from demur.web import claimed, page


@page.view("GET")
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """A notice's link: remember that it was followed, and show what is used."""
    if request.method == "GET":
        notice.opened(token, datetime.now(UTC))
    return redirect("web:privacy")


@csrf_exempt  # RFC 8058: a mail program posts here without having seen a page; the link is signed
@page.view("GET", "POST")
def no_more(request: HttpRequest, token: str) -> HttpResponse:
    """No further reminders. It is no objection, and the page says so and offers one."""
    now = datetime.now(UTC)
    signed.about("no-more", token, now=now)
    if request.method == "POST":
        notice.no_more(token, now)
    done = request.method == "POST"
    return page.show(request, "web/no_more.html", done=done, own_notice=True)


@page.view("GET", "POST")
def object_by_letter(request: HttpRequest, token: str) -> HttpResponse:
    """Somebody wrote No from an address that we did not know: with this link it counts."""
    now = datetime.now(UTC)
    address = _sender(token, now)
    data = request.POST.copy() if request.method == "POST" else None
    if data is not None:
        data["email"] = address
    form = claimed.NamedForm(data)
    del form.fields["email"]
    if not form.is_valid():
        status = 400 if form.is_bound else 200
        return page.show(
            request, "web/no_by_letter.html", status=status, form=form, address=address,
            own_notice=True,
        )  # fmt: skip
    said = form.cleaned_data | {"email": address}
    person = people.stranger(
        address,
        keys=claimed.keys(said["handles"]),
        names=said["names"],
        language=get_language() or "en",
        now=now,
    )
    no = objections.submit(person, route="email", email=address, now=now)
    return page.show(
        request,
        "web/not_a_member_done.html",
        said=said,
        line=no.entry_id,
        at=no.at,
        own_notice=True,
    )


def _sender(token: str, now: datetime) -> str:
    """Whose mail the link answers."""
    mark = bytes.fromhex(str(signed.about("object", token, now=now)))
    mail = models.Incoming.objects.filter(pk=mark).exclude(sender="").first()
    if mail is None:
        raise NotFound(signed.GONE)
    return mail.sender


urls = [
    path("notice/<str:token>/", opened, name="notice-opened"),
    path("notice/no-more/<str:token>/", no_more, name="no-more"),
    path("no/<str:token>/", object_by_letter, name="no-by-letter"),
]
