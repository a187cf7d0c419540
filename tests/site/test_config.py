"""Settings: every mistake gets its sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur.errors import SiteUnusable
from demur.site import config

GOOD = """
name = "Dorp"
language = "nl"
time_zone = "Europe/Amsterdam"
[people]
shards = 8
slices = 4
[model]
base = "smollm2"
[log]
origin = "dorp.example/log"
[mail]
from = "privacy@dorp.example"
"""


def read(tmp_path: Path, text: str) -> config.Config:
    path = tmp_path / "demur.toml"
    path.write_text(text)
    return config.read(path)


def test_what_is_left_out_has_its_default(tmp_path):
    got = read(tmp_path, GOOD)
    assert (got.host, got.port, got.notice_days) == ("127.0.0.1", 8000, 0)
    assert got.postgres is None
    assert (got.engine, got.server) == ("auto", "")
    assert got.image_base == ""


def test_an_image_base_is_a_folder_that_somebody_named(tmp_path):
    assert read(tmp_path, GOOD + '[image]\nbase = "/models/sd"\n').image_base == "/models/sd"
    with pytest.raises(SiteUnusable, match=r"`image\.base`"):
        read(tmp_path, GOOD + "[image]\nbase = 1\n")


def test_a_server_and_a_socket_are_understood(tmp_path):
    server = read(tmp_path, GOOD + '[database]\nurl = "postgresql://demur@db:5433/dorp"\n').postgres
    assert server == config.Postgres(name="dorp", user="demur", host="db", port="5433")
    socket = read(tmp_path, GOOD + '[database]\nurl = "postgresql:///dorp?host=/run/pg"\n').postgres
    assert socket and socket.host == "/run/pg"


def test_a_mailbox_is_understood_and_none_means_files(tmp_path):
    assert read(tmp_path, GOOD).mailbox.host is None
    text = '[mailbox]\naddress = "nee@dorp.example"\nhost = "imap.dorp.example"\nuser = "nee"\n'
    assert read(tmp_path, GOOD + text).mailbox == config.Mailbox(
        address="nee@dorp.example", host="imap.dorp.example", port=993, user="nee", folder="INBOX"
    )


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ('name = "Dorp"', "", "lacks `name`"),
        ('name = "Dorp"', 'name = ""', "not empty"),
        ('language = "nl"', 'language = "fy"', '"en" or "nl"'),
        ("Europe/Amsterdam", "Europe/Amstelveen", "Europe/Amsterdam"),
        ("shards = 8", "shards = 0", "1 to 9999"),
        ("shards = 8", "shards = true", "whole number"),
        ("shards = 8", "shards = 8\nshard = 9", "did you mean `people.shards`"),
        ("shards = 8", "shards = ", "readable TOML"),
        ("[log]", 'engine = "gpu"\n[log]', '"llamacpp"'),
        ("[log]", 'engine = "vllm"\n[log]', "lacks `model.server`"),
        ("[log]", 'server = "10.0.0.5:8000"\n[log]', "http://10.0.0.5:8000"),
        ("[log]", 'server = "http://key@10.0.0.5"\n[log]', "http://10.0.0.5:8000"),
        ('"dorp.example/log"', '"https://dorp.example/log"', "without scheme"),
        ('"dorp.example/log"', '"dorp log"', "without scheme"),
        ("[mail]", '[web]\naddress = "dorp.example"\n[mail]', "https://dorp.example"),
        ("[mail]", '[mail]\nsecurity = "some"', '"starttls"'),
        ("[mail]", '[database]\nurl = "postgresql://a:b@c/d"\n[mail]', "holds a password"),
        ("[mail]", '[database]\nurl = "mysql://a@c/d"\n[mail]', "postgresql://"),
        ("[mail]", '[mailbox]\nhost = "imap.dorp.example"\n[mail]', "lacks `mailbox.user`"),
        ("[mail]", '[mailbox]\naddress = "nee"\n[mail]', "no@dorp.example"),
        ("[mail]", "[colour]\nred = 1\n[mail]", "nobody reads"),
    ],
)
def test_a_mistake_is_named_with_what_may_stand_there(tmp_path, was, becomes, says):
    assert was in GOOD
    with pytest.raises(SiteUnusable) as refused:
        read(tmp_path, GOOD.replace(was, becomes))
    assert says in str(refused.value)
