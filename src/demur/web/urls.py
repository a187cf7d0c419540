"""Every address of the site. Under /v1/ it is OpenAI's format, under /log/ it is C2SP's."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, re_path

from demur.web import (
    ask,
    asking,
    book,
    desk,
    embed,
    funnel,
    links,
    making,
    mentions,
    metrics,
    mine,
    objecting,
    outsiders,
    page,
    pages,
    portal,
    privacy,
    requests,
    rightsfile,
    search,
    signin,
    switches,
    unsubscribe,
    withdrawing,
)
from demur.web.api import api

centre = [
    ("", privacy.centre, "privacy"),
    ("read/", privacy.close_notice, "close-notice"),
    ("object/", objecting.object_, "object"),
    ("object/<slug:post>/", objecting.object_to_post, "object-to-post"),
    ("objected/", objecting.objected, "objected"),
    ("withdraw/", withdrawing.withdraw, "withdraw"),
    ("withdrawn/", withdrawing.withdrawn, "withdrawn"),
    ("not-a-member/", outsiders.start, "not-a-member"),
    ("not-a-member/mailed/", outsiders.link_mailed, "link-mailed"),
    ("not-a-member/<str:token>/", outsiders.confirm, outsiders.CONFIRM),
    ("am-i-in-it/", asking.am_i_in_it, "am-i-in-it"),
    ("am-i-in-it/<str:token>/", asking.answer, asking.ANSWER),
    ("mine/", mine.mine, "mine"),
    ("mine/file/", mine.download, "mine-file"),
    ("mentions/", mentions.mentions, "mentions"),
    ("accounts/", links.linked, "linked"),
    ("accounts/asked/", links.link_asked, "link-asked"),
    ("accounts/<int:asked>/", links.answer, "link-answer"),
    ("requests/", requests.requests, "requests"),
    ("requests/<uuid:pk>/", requests.request_, "request"),
    ("requests/<uuid:pk>/appeal/", requests.appeal, "appeal"),
    ("requests/<uuid:pk>/take-back/", requests.revoke, "revoke"),
    ("switches/", switches.switches, "switches"),
    ("file/", rightsfile.file, "file"),
    ("file/download/", rightsfile.download, "file-download"),
    ("file/erase/", rightsfile.erase, "erase"),
    ("receipts/", privacy.receipts, "receipts"),
    ("receipts/<int:index>.tlog-proof", privacy.receipt, "receipt"),
]

conversations = [
    ("conversations/", ask.conversations, "threads"),
    ("conversations/delete/", ask.delete_all, "threads-delete"),
    ("conversations/export.<slug:kind>", ask.export, "threads-export"),
    ("<uuid:pk>/", ask.thread, "thread"),
    ("<uuid:pk>/stream/", ask.stream, "thread-stream"),
    ("<uuid:pk>/stop/", ask.stop, "thread-stop"),
    ("<uuid:pk>/rename/", ask.rename, "thread-rename"),
    ("<uuid:pk>/delete/", ask.delete, "thread-delete"),
    ("<uuid:pk>/export.<slug:kind>", ask.export, "thread-export"),
]

web = [
    path("", pages.home, name="home"),
    path("about/", pages.about, name="about"),
    path("robots.txt", pages.robots, name="robots"),
    path("license.xml", pages.license_, name="license"),
    path(".well-known/tdmrep.json", pages.tdm_file, name="tdmrep"),
    path(".well-known/demur-reservation", pages.reservation, name="reservation"),
    path("language/<slug:code>/", pages.language, name="language"),
    path("ask/", ask.ask, name="ask"),
    path("ask/stream/", ask.stream, name="ask-stream"),
    *(path(f"ask/{address}", view, name=name) for address, view, name in conversations),
    path("write/", making.write, name="write"),
    path("write/stream/", making.write_stream, name="write-stream"),
    path("translate/", making.translate, name="translate"),
    path("translate/stream/", making.translate_stream, name="translate-stream"),
    path("draw/", making.draw, name="draw"),
    path("search/", search.search, name="search"),
    re_path("^pictures/(?P<sha256>[0-9a-f]{64})$", search.picture, name="picture"),
    *(path(f"privacy/{address}", view, name=name) for address, view, name in centre),
    path("undo/<str:token>/", withdrawing.undo, name="undo"),  # as letters have it
    *signin.doors,
    path("embed/", embed.frame, name="embed"),
    path("embed/stream/", embed.stream, name="embed-stream"),
    path("metrics", metrics.show, name="metrics"),
    path("log/", book.show, name="book"),
    path("log/checkpoint", book.head, name="checkpoint"),
    path("log/key", book.key, name="key"),
    path("log/tile/<path:path>", book.tile, name="tile"),
    *portal.urls,
    *desk.urls,
    *unsubscribe.urls,
    *funnel.urls,
]

urlpatterns = [
    path("v1/", api.urls),
    path("", include((web, "web"))),
    path("admin/", admin.site.urls),
    *signin.allauths,
]

handler400 = page.bad_request
handler403 = page.forbidden
handler404 = page.not_found
handler500 = page.broken
