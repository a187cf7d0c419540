"""The commands, run as somebody at a terminal runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from demur.cli import main, parser

FIXED = {
    "init", "import", "notify", "remind", "mailbox", "build", "train", "serve", "work", "ask",
    "translate", "write", "trace", "explain", "object", "hold", "lift", "verify", "rebuild", "demo",
}  # fmt: skip


def demur(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "demur.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_promised_command_is_there_and_shows_an_example() -> None:
    commands = next(a.choices for a in parser()._actions if isinstance(a.choices, dict))
    assert set(commands) >= FIXED
    for name, command in commands.items():
        assert f"example: demur {name}" in command.format_help()


def test_verify_loads_no_machinery(tmp_path: Path) -> None:
    """An auditor needs neither Django nor torch; a file that is no receipt is refused politely."""
    file = tmp_path / "receipt.tlog-proof"
    file.write_text("nothing of the kind\n")
    code = (
        "import sys; from demur.cli import main; status = main(['verify', sys.argv[1]]);"
        "print(status, sorted({'django', 'torch', 'duckdb'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-1] == "[]"
    assert done.stdout.split()[0] in ("1", "2")
    assert "demur: " in done.stderr


def test_a_folder_that_is_no_site_is_refused_with_the_next_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["build", "--site", str(tmp_path)]) == 2
    assert "demur init" in capsys.readouterr().err


def test_from_nothing_to_a_no_that_came_by_letter(tmp_path: Path) -> None:
    """init, import twice, explain, hold, lift, object twice, verify; nothing is trained here."""
    export = tmp_path / "export"
    export.mkdir()
    (export / "accounts.jsonl").write_text(
        '{"id": "forum:1", "handle": "anna", "email": "anna@dorp.example", "born": "1980-03-03",'
        ' "country": "NL", "language": "nl", "locked": false}\n'
    )
    (export / "posts.jsonl").write_text(
        '{"id": "1", "account": "forum:1", "audience": "public",'
        ' "created_at": "2025-06-01T12:00:00Z", "text": "De pont vaart weer."}\n'
    )
    site = tmp_path / "site"
    assert demur("init", site, "--shards", "2", "--slices", "2").returncode == 0
    first = json.loads(demur("import", export, "--site", site, "--json").stdout)
    again = json.loads(demur("import", export, "--site", site, "--json").stdout)
    assert [(r["stored"], r["already"]) for r in first + again] == [(1, 0), (0, 1)]

    told = json.loads(demur("explain", "@anna", "--site", site, "--json").stdout)
    assert [each["reasons"] for each in told] == [["no-notice"]]
    assert demur("hold", "--country", "NL", "--site", site).returncode == 0
    told = json.loads(demur("explain", "@anna", "--site", site, "--json").stdout)
    assert told[0]["reasons"] == ["no-notice", "on-hold"]
    assert demur("lift", "1", "--by", "ina", "--site", site).returncode == 2, "who is that?"
    for name in ("ina", "omar"):
        assert demur("operator", name, "--site", site).returncode == 0
        lifted = json.loads(demur("lift", "1", "--by", name, "--site", site, "--json").stdout)
        assert lifted["lifted"] is (name == "omar")

    paper = tmp_path / "receipt.tlog-proof"
    said = demur("object", "@anna", "--site", site, "--out", paper, "--json")
    line = json.loads(said.stdout)["line"]
    second = demur("object", "@anna", "--site", site, "--out", tmp_path / "other", "--json")
    assert json.loads(second.stdout)["line"] == line
    assert demur("verify", paper).returncode == 0
    paper.write_text(paper.read_text().replace("index ", "index 1"))
    assert demur("verify", paper).returncode == 1
    nobody = demur("object", "@nobody", "--site", site)
    assert nobody.returncode == 2
    assert "Nobody here is known as" in nobody.stderr
