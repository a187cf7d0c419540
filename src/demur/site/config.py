"""demur.toml: the settings of a site, read once at the door and trusted from there on.

Every mistake is answered with a sentence that names the setting and says what may stand there.
No secret is ever read from here: keys and passwords live in `keys/`.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import available_timezones

from demur.errors import SiteUnusable

LANGUAGES = ("en", "nl", "de", "fr")
SECURITY = ("none", "starttls", "tls")
LOCAL = ("localhost", "127.0.0.1")
EVERYONE = ("own", "best")
ENGINES = ("auto", "torch", "llamacpp", "vllm")
MAX_SHARDS = 9999  # folders are named shard=0000 to shard=9999


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """Where a PostgreSQL server (15 or newer) is. Its password, if any, stands in keys/pgpass."""

    name: str
    user: str
    host: str
    port: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """How letters leave: through an SMTP server, or (host is None) as files in `mail/`."""

    sender: str
    host: str | None
    port: int
    user: str
    security: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """How mail comes in: by IMAP over TLS, or (host is None) as files in `mail/in/`."""

    address: str  # where answers to our letters go; empty: to the address they come from
    host: str | None
    port: int
    user: str
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """The platform's OpenID Connect server. The client's secret stands in keys/oidc.key.

    account: which account of the archives somebody is, from the claims of their sign-in:
    "mastodon:{profile}".
    """

    issuer: str
    client: str
    name: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    name: str
    language: str
    time_zone: str
    shards: int
    slices: int
    notice_days: int
    everyone: str
    base: str
    engine: str
    server: str
    image_base: str  # the folder of an image model; empty: none
    origin: str
    address: str
    host: str
    port: int
    postgres: Postgres | None
    spool: str
    mail: Mail
    mailbox: Mailbox
    signin: SignIn | None
    bot: str  # the Mastodon server whose mentions are answered; empty: none
    embed_origins: tuple[str, ...]  # pages that may show the assistant in a frame


def read(path: Path) -> Config:
    """The settings in `path`; raises SiteUnusable with the first mistake found."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        message = f"{path} does not exist; make a site with `demur init {path.parent}`."
        raise SiteUnusable(message) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path} is not readable TOML ({error}); mend that line."
        raise SiteUnusable(message) from None
    sheet = _Sheet(path, raw)
    config = Config(
        name=sheet.text("name"),
        language=sheet.one_of("language", LANGUAGES),
        time_zone=_time_zone(sheet),
        shards=sheet.number("people.shards", 1, MAX_SHARDS),
        slices=sheet.number("people.slices", 1, 64),
        notice_days=sheet.number("notice.days", 0, 3650, default=0),
        everyone=sheet.one_of("law.everyone", EVERYONE, default="own"),
        base=sheet.text("model.base"),
        engine=(engine := sheet.one_of("model.engine", ENGINES, default="auto")),
        server=_server(sheet, engine),
        image_base=sheet.text("image.base", default=""),
        origin=_origin(sheet),
        address=_address(sheet),
        host=sheet.text("web.host", default="127.0.0.1"),
        port=sheet.number("web.port", 1, 65535, default=8000),
        postgres=_postgres(sheet),
        spool=sheet.text("database.spool", default=""),
        mail=_mail(sheet),
        mailbox=_mailbox(sheet),
        signin=_signin(sheet),
        bot=_bot(sheet),
        embed_origins=_embed_origins(sheet),
    )
    sheet.refuse_what_is_left()
    return config


class _Sheet:
    """The parsed file; each setting is taken out once, so that what is left is a misspelling."""

    def __init__(self, path: Path, raw: Mapping[str, object]) -> None:
        self.path = path
        self.known: list[str] = []
        self.values: dict[str, object] = {}
        for key, value in raw.items():
            if isinstance(value, Mapping):
                self.values |= {f"{key}.{inner}": item for inner, item in value.items()}
            else:
                self.values[key] = value

    def take(self, key: str, kind: type, what: str, default: object = None) -> object:
        self.known.append(key)
        value = self.values.pop(key, default)
        if value is None:
            raise SiteUnusable(f"{self.path} lacks `{key}`; write {what} there.")
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.wrong(key, value, what)
        return value

    def text(self, key: str, *, default: str | None = None) -> str:
        value = str(self.take(key, str, "a text in quotes", default))
        if not value.strip() and default != "":
            raise self.wrong(key, value, "a text that is not empty")
        return value

    def number(self, key: str, low: int, high: int, *, default: int | None = None) -> int:
        what = f"a whole number from {low} to {high}"
        value = self.take(key, int, what, default)
        if not (isinstance(value, int) and low <= value <= high):
            raise self.wrong(key, value, what)
        return value

    def one_of(self, key: str, choices: tuple[str, ...], *, default: str | None = None) -> str:
        value = self.text(key, default=default)
        if value not in choices:
            raise self.wrong(key, value, " or ".join(f'"{choice}"' for choice in choices))
        return value

    def wrong(self, key: str, value: object, what: str) -> SiteUnusable:
        return SiteUnusable(f"{self.path}: `{key}` is {value!r}; write {what} there.")

    def refuse_what_is_left(self) -> None:
        for key in self.values:
            near = difflib.get_close_matches(key, self.known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else "take it out."
            raise SiteUnusable(f"{self.path} has a setting nobody reads, `{key}`; {hint}")


def _time_zone(sheet: _Sheet) -> str:
    value = sheet.text("time_zone", default="UTC")
    if value not in available_timezones():
        raise sheet.wrong("time_zone", value, 'a name such as "Europe/Amsterdam"')
    return value


def _origin(sheet: _Sheet) -> str:
    """C2SP signed-note: a key's name is not empty and has no space and no plus sign."""
    value = sheet.text("log.origin")
    if re.search(r"[\s+]", value) or "://" in value:
        raise sheet.wrong("log.origin", value, 'a name without scheme, such as "dorp.example/log"')
    return value


def _address(sheet: _Sheet) -> str:
    value = sheet.text("web.address", default="http://127.0.0.1:8000").rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
        raise sheet.wrong("web.address", value, 'an address such as "https://dorp.example"')
    return value


def _server(sheet: _Sheet, engine: str) -> str:
    """Of vLLM. A key, if it wants one, stands in keys/vllm.key."""
    value = sheet.text("model.server", default=None if engine == "vllm" else "").rstrip("/")
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.username):
        raise sheet.wrong("model.server", value, 'an address such as "http://10.0.0.5:8000"')
    return value


def _embed_origins(sheet: _Sheet) -> tuple[str, ...]:
    """Whole origins, and no wildcard: each page that may frame the assistant is named."""
    what = 'a list of origins such as ["https://dorp.example"]'
    value = sheet.take("web.embed_origins", list, what, [])
    assert isinstance(value, list)
    for origin in value:
        parts = urlsplit(origin) if isinstance(origin, str) else urlsplit("")
        whole = f"{parts.scheme}://{parts.netloc}" == origin and re.fullmatch(
            r"[\w.:\[\]-]+", parts.netloc
        )
        if not whole or (parts.scheme != "https" and parts.hostname not in LOCAL):
            raise sheet.wrong("web.embed_origins", origin, what)
    return tuple(value)


def _bot(sheet: _Sheet) -> str:
    value = sheet.text("bot.server", default="").rstrip("/")
    parts = urlsplit(value)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL)
    if value and (not safe or not parts.hostname or parts.path):
        raise sheet.wrong("bot.server", value, 'an address such as "https://dorp.example"')
    return value


def _postgres(sheet: _Sheet) -> Postgres | None:
    value = sheet.text("database.url", default="")
    if not value:
        return None
    parts = urlsplit(value)
    what = 'an address such as "postgresql://demur@db.example/demur", without a password'
    if parts.password:
        message = f"{sheet.path}: `database.url` holds a password; put it in keys/pgpass instead."
        raise SiteUnusable(message)
    if parts.scheme != "postgresql" or not parts.path.strip("/"):
        raise sheet.wrong("database.url", value, what)
    socket = parse_qs(parts.query).get("host", [""])[0]
    return Postgres(
        name=unquote(parts.path.strip("/")),
        user=unquote(parts.username or ""),
        host=socket or parts.hostname or "",
        port=str(parts.port or ""),
    )


def _mail(sheet: _Sheet) -> Mail:
    host = sheet.text("mail.host", default="")
    return Mail(
        sender=sheet.text("mail.from"),
        host=host or None,
        port=sheet.number("mail.port", 1, 65535, default=587),
        user=sheet.text("mail.user", default=""),
        security=sheet.one_of("mail.security", SECURITY, default="starttls"),
    )


def _mailbox(sheet: _Sheet) -> Mailbox:
    host = sheet.text("mailbox.host", default="")
    address = sheet.text("mailbox.address", default="")
    if address and not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", address):
        raise sheet.wrong("mailbox.address", address, 'an address such as "no@dorp.example"')
    return Mailbox(
        address=address,
        host=host or None,
        port=sheet.number("mailbox.port", 1, 65535, default=993),
        user=sheet.text("mailbox.user", default=None if host else ""),
        folder=sheet.text("mailbox.folder", default="INBOX"),
    )


def _signin(sheet: _Sheet) -> SignIn | None:
    issuer = sheet.text("signin.issuer", default="")
    if not issuer:
        return None
    if urlsplit(issuer).scheme != "https" and urlsplit(issuer).hostname not in LOCAL:
        raise sheet.wrong("signin.issuer", issuer, 'an address such as "https://dorp.example"')
    account = sheet.text("signin.account")
    if not re.search(r"^\w+:.*\{\w+\}", account):
        raise sheet.wrong("signin.account", account, 'a pattern such as "mastodon:{profile}"')
    return SignIn(
        issuer=issuer.rstrip("/"),
        client=sheet.text("signin.client"),
        name=sheet.text("signin.name"),
        account=account,
    )
