"""A site folder is made whole or not at all, and opened only when it is right."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from demur.errors import SiteUnusable
from demur.site import folder


@pytest.fixture
def made(tmp_path: Path) -> Path:
    folder.create(tmp_path / "dorp", name='Dorp "aan zee"', origin="dorp.example/log")
    return tmp_path / "dorp"


def test_what_was_made_can_be_opened(made):
    site = folder.open_site(made)
    assert site.name == 'Dorp "aan zee"'
    assert (site.home.shards, site.home.slices) == (16, 4)
    assert site.config.mail.host is None
    assert site.config.postgres is None


def test_keys_are_the_owners_alone(made):
    for path in [made / "keys", *(made / "keys").iterdir()]:
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def test_two_sites_have_different_keys(made, tmp_path):
    other = folder.create(tmp_path / "stad", name="Stad", origin="stad.example/log")
    site = folder.open_site(made)
    assert site.home.key != other.home.key
    assert site.secret != other.secret
    assert site.log_key.private_bytes_raw() != other.log_key.private_bytes_raw()


def test_no_secret_is_printed_with_a_site(made):
    site = folder.open_site(made)
    assert site.secret not in repr(site)
    assert site.home.key.hex() not in repr(site)


def test_dice_decide_the_keys(tmp_path):
    sites = [
        folder.create(tmp_path / name, name="D", origin="d/l", draw=lambda n: b"7" * n)
        for name in ("a", "b")
    ]
    assert sites[0].home.key == sites[1].home.key


def test_a_folder_with_something_in_it_is_left_alone(made):
    before = sorted(path.name for path in made.iterdir())
    with pytest.raises(SiteUnusable, match="there already"):
        folder.create(made, name="Weer", origin="x/log")
    assert sorted(path.name for path in made.iterdir()) == before


def test_a_crash_while_making_leaves_nothing(tmp_path, monkeypatch):
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(folder, "_write_keys", crash)
    with pytest.raises(KeyboardInterrupt):
        folder.create(tmp_path / "dorp", name="Dorp", origin="dorp.example/log")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", folder.FOLDERS)
def test_a_missing_part_is_named(made, part):
    (made / part).rename(made / "elsewhere")
    with pytest.raises(SiteUnusable, match=part):
        folder.open_site(made)


@pytest.mark.parametrize("key", folder.KEYS)
def test_a_missing_or_readable_key_is_refused(made, key):
    path = made / "keys" / key
    path.chmod(0o640)
    with pytest.raises(SiteUnusable, match="chmod 600"):
        folder.open_site(made)
    path.unlink()
    with pytest.raises(SiteUnusable, match=f"{key} is missing"):
        folder.open_site(made)


def test_a_key_that_is_no_key_is_refused(made):
    (made / "keys" / "log.pem").write_bytes(b"hello")
    with pytest.raises(SiteUnusable, match="Ed25519"):
        folder.open_site(made)


def test_a_shortened_home_key_is_refused(made):
    (made / "keys" / "home.key").write_bytes(b"short")
    with pytest.raises(SiteUnusable, match="32 bytes"):
        folder.open_site(made)


def test_a_folder_without_settings_says_how_to_make_one(tmp_path):
    with pytest.raises(SiteUnusable, match="demur init"):
        folder.open_site(tmp_path)


def test_a_server_that_computes_is_known_with_its_key_from_the_keys(made):
    toml = made / "demur.toml"
    lines = 'engine = "vllm"\nserver = "http://10.0.0.5:8000/"'
    toml.write_text(toml.read_text("utf-8").replace('engine = "auto"', lines), "utf-8")
    assert folder.open_site(made).engine.key == ""
    (made / "keys" / "vllm.key").write_text("of vllm\n")
    with pytest.raises(SiteUnusable, match="chmod 600"):
        _ = folder.open_site(made).engine
    (made / "keys" / "vllm.key").chmod(0o600)
    engine = folder.open_site(made).engine
    assert (engine.kind, engine.server, engine.key) == ("vllm", "http://10.0.0.5:8000", "of vllm")
    assert "of vllm" not in repr(engine)
