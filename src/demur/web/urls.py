"""Every address of the site. Under /v1/ it is OpenAI's format, under /log/ it is C2SP's."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from demur.web import ask, book, page, pages, privacy, signin
from demur.web.api import api

both = page.view("GET", "POST")

web = [
    path("", pages.home, name="home"),
    path("about/", pages.about, name="about"),
    path("robots.txt", pages.robots, name="robots"),
    path("language/<slug:code>/", pages.language, name="language"),
    path("ask/", ask.ask, name="ask"),
    path("ask/stream/", ask.stream, name="ask-stream"),
    path("search/", ask.search, name="search"),
    path("privacy/", privacy.centre, name="privacy"),
    path("privacy/read/", privacy.close_notice, name="close-notice"),
    path("privacy/object/", privacy.object_, name="object"),
    path("privacy/objected/", privacy.objected, name="objected"),
    path("privacy/mine/", privacy.mine, name="mine"),
    path("privacy/receipts/", privacy.receipts, name="receipts"),
    path("privacy/receipts/<int:index>.tlog-proof", privacy.receipt, name="receipt"),
    path("sign-in/", both(signin.SignIn.as_view()), name="signin"),
    path("sign-in/link/", both(signin.Link.as_view()), name="link"),
    path("sign-in/link/sent/", signin.LinkSent.as_view(), name="link-sent"),
    path("sign-in/link/<uidb64>/<token>/", both(signin.Enter.as_view()), name="enter"),
    path("sign-out/", page.view("POST")(signin.SignOut.as_view()), name="signout"),
    path("log/", book.show, name="book"),
    path("log/checkpoint", book.head, name="checkpoint"),
    path("log/key", book.key, name="key"),
    path("log/tile/<path:path>", book.tile, name="tile"),
]

urlpatterns = [
    path("v1/", api.urls),
    path("admin/", admin.site.urls),
    path("", include((web, "web"))),
]

handler400 = page.bad_request
handler403 = page.forbidden
handler404 = page.not_found
handler500 = page.broken
