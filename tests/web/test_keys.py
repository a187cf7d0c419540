"""Keys to the API: shown once, kept as a hash, gone after a year."""

from __future__ import annotations

from datetime import timedelta

from demur.web import keys
from demur.web.models import ApiKey

from .conftest import NOW


def test_a_key_opens_until_it_expires(site):
    key = keys.create("newsletter", NOW)
    assert key.startswith("demur-")
    assert keys.recognise(key, NOW).label == "newsletter"
    assert keys.recognise(key, NOW + timedelta(days=364)) is not None
    assert keys.recognise(key, NOW + timedelta(days=365)) is None


def test_nothing_like_a_key_opens(site):
    key = keys.create("newsletter", NOW)
    for other in ("", "demur-", key[:-1], key + "x", key.upper(), "\udcff"):
        assert keys.recognise(other, NOW) is None


def test_the_key_itself_is_stored_nowhere(site):
    key = keys.create("newsletter", NOW)
    stored = ApiKey.objects.values().get()
    assert key not in str(stored)
    assert key.encode() not in b"".join(path.read_bytes() for path in site.root.glob("demur.db*"))
