"""Mentions masked in others' posts: how many are found, and what is taken out besides.

    python benchmarks/mentions.py ../shared/data

Four measurements, each against a truth that our own code had no part in:

- handles, real: the Mastodon archive of the data folder. Truth: the platform's own markup of a
  mention (class "mention"), walked here with Python's own HTML parser. Everybody mentioned objects.
  A mention counts as found when its words are gone; a text that differs in anything else than its
  mentions counts against precision. The folder's Bluesky and Instagram archives hold no mention.
- handles, planted: one handle in each of 2,000 real Dutch and 2,000 real English sentences, as
  Mastodon marks it up and as Instagram writes it (bare), with punctuation around it, and beside it
  the longer handle of somebody who does not object. Truth: by construction.
- names, read: places in real sentences where a common first name stands in some case, drawn by a
  hash and judged by hand (mentions_labels.tsv: post, offset, judgement; no texts). Half of these
  names are words too ("Will", "Wil", "May", "Ben"). A proposal is right where a person is meant
  who may bear the name; what is proposed is shown to its bearer and masked only when confirmed.
- names, planted: "Tom", "Mary" and "Maria" of 3,000 real sentences become an invented person's
  name, in each of the ways in which people write one; in others they become somebody else's who
  is called nearly the same. Truth: by construction. Some ways are missed on purpose (a surname
  alone, a nickname, a slip): the table says which and how often.

The sentences are Tatoeba's: examples of about 40 characters and not chatter, and no threads; real
replies are those of the Mastodon archive alone. Every miss is printed, up to 12 of a kind.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from demur.archives.reader import open_archive
from demur.archives.text import handles
from demur.corpus.names import Name
from demur.corpus.redaction import MASK, mask

LABELS = Path(__file__).with_name("mentions_labels.tsv")
HANDLES = ["anna_92", "j.devries", "zus", "Marijke.B", "xX_bram_Xx", "o2", "sofie.vd.berg"]
PEOPLE = {
    "nl": ["Anna de Vries", "Zoë Brouwer", "Jan-Willem van den Berg", "Fatima El Idrissi"],
    "en": ["Emily Carter", "Siobhán O'Brien", "Jack Van Dyke", "Mary-Ann Taylor"],
}
OTHERS = {
    "nl": ["Annabel", "Anna Jansen", "Zoëtje", "Jan-Pieter", "Joanna", "Anne"],
    "en": ["Emilyn", "Emily Brown", "Jackson", "Mary", "Jack Sparrow", "Ann"],
}
SHOWN = 12


@dataclass
class Count:
    """Places that should be found, those that were, and what was found besides."""

    there: int = 0
    found: int = 0
    besides: int = 0
    misses: list[str] = field(default_factory=list)

    def add(self, *, there: int, found: int, besides: int, says: str) -> None:
        self.there, self.found = self.there + there, self.found + found
        self.besides += besides
        if found < there or besides:
            self.misses.append(says)

    def row(self, what: str) -> str:
        recall = f"{self.found / self.there:.3f}" if self.there else "-"
        named = self.found + self.besides
        precision = f"{self.found / named:.3f}" if named else "-"
        return f"| {what} | {self.there} | {self.found} | {self.besides} | {recall} | {precision} |"


class Visible(HTMLParser):
    """A note's words, with each marked mention apart: what a reader sees, by another parser."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.pieces: list[tuple[str, bool]] = []
        self._inside: list[bool] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            names = (dict(attrs).get("class") or "").split()
            self._inside.append("mention" in names and "hashtag" not in names)
        if tag in {"p", "br"}:
            self.pieces.append((" ", False))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._inside:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        inside = any(self._inside)
        if self.pieces and inside and self.pieces[-1][1]:
            data = self.pieces.pop()[0] + data
        self.pieces.append((data, inside))


def squeezed(text: str) -> str:
    return " ".join(text.split())


def in_archive(path: Path, notes: dict[str, str], count: Count) -> None:
    """Read an archive, take everybody mentioned in it out, and compare with what its HTML says.
    notes: the HTML of each note by its id."""
    with open_archive(path) as archive:
        for post in archive.posts():
            seen = Visible(notes[post.origin])
            marked = [words for words, mention in seen.pieces if mention]
            if not marked:
                continue
            done = mask(post.text, post.mentions, {mention.key for mention in post.mentions})
            ought = squeezed("".join(MASK if mention else words for words, mention in seen.pieces))
            left = sum(words in done.text for words in marked)
            other = squeezed(done.text) != ought and not left
            count.add(
                there=len(marked),
                found=len(marked) - left,
                besides=int(other),
                says=f"{squeezed(post.text)!r} became {squeezed(done.text)!r}",
            )


def real_handles(data: Path) -> Count:
    count = Count()
    for path in sorted((data / "archives/mastodon").glob("*/*.zip")):
        with ZipFile(path) as archive:
            items = json.loads(archive.read("outbox.json"))["orderedItems"]
        notes = [item["object"] for item in items if isinstance(item["object"], dict)]
        in_archive(path, {note["id"]: note["content"] for note in notes}, count)
    return count


def marked_up(sentences: list[str], dice: random.Random, count: Count) -> None:
    """The sentences as notes of a Mastodon archive, each with a mention as Mastodon writes it."""
    owner = "https://dorp.example/users/ik"
    notes: dict[str, dict[str, Any]] = {}
    for number, sentence in enumerate(sentences):
        handle = dice.choice(HANDLES)
        link = f"https://elders.example/@{handle}"
        anchor = f'<span class="h-card"><a href="{link}" class="u-url mention">@<span>{handle}'
        anchor += "</span></a></span>"
        words = sentence.split(" ")
        words.insert(dice.randrange(len(words) + 1), "\0")
        html = f"<p>{escape(' '.join(words))}</p>".replace("\0", anchor)
        tag = {"type": "Mention", "href": f"https://elders.example/users/{handle}"}
        tag["name"] = f"@{handle}@elders.example"
        note: dict[str, Any] = {
            "id": f"{owner}/statuses/{number}",
            "type": "Note",
            "attributedTo": owner,
        }
        note |= {"content": html, "published": "2024-03-01T12:00:00Z", "tag": [tag]}
        note["to"] = ["https://www.w3.org/ns/activitystreams#Public"]
        notes[note["id"]] = note
    items = [{"type": "Create", "actor": owner, "object": note} for note in notes.values()]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        actor = {"type": "Person", "id": owner, "preferredUsername": "ik"}
        (root / "actor.json").write_text(json.dumps(actor), "utf-8")
        (root / "outbox.json").write_text(json.dumps({"orderedItems": items}), "utf-8")
        in_archive(root, {name: str(note["content"]) for name, note in notes.items()}, count)


def bare(sentences: list[str], dice: random.Random, count: Count) -> None:
    """The sentences with a bare @handle, and half of them with a longer one of somebody else."""
    for sentence in sentences:
        handle = dice.choice(HANDLES)
        words = sentence.split(" ")
        form = dice.choice(["@{}", "@{},", "(@{})", "@{}!", "@{}.", "'@{}'"])
        words.insert(dice.randrange(len(words) + 1), form.format("\0"))
        if dice.random() < 0.5:
            longer = handle + dice.choice(["x", "_2", ".nl", "42"])
            words.insert(dice.randrange(len(words) + 1), f"@{longer}")
        marked = " ".join(words)
        text = marked.replace("\0", handle)
        mentions = handles(text, "instagram")
        done = mask(text, mentions, {f"instagram:@{handle.casefold()}"})
        ought = marked.replace("@\0", MASK)
        gone = done.text == ought
        left = MASK not in done.text
        says = f"{text!r} became {done.text!r}"
        count.add(there=1, found=int(not left), besides=int(not gone and not left), says=says)


def read_names(posts: dict[str, dict[str, Any]]) -> Iterator[tuple[str, Count]]:
    """What is proposed at the places that were judged by hand."""
    counts: dict[tuple[str, bool], Count] = defaultdict(Count)
    with LABELS.open(encoding="utf-8") as file:
        labels = list(csv.DictReader(file, delimiter="\t"))
    words = {each["name"] for each in labels if each["label"] == "no"}
    for each in labels:
        post = posts[each["post"]]
        start, name = int(each["start"]), each["name"]
        proposed = start in {
            place.start for place in Name(f"{name} Nachtegaal").places(post["text"])
        }
        right = each["label"] == "yes"
        counts[post["lang"], name in words].add(
            there=int(right),
            found=int(right and proposed),
            besides=int(proposed and not right),
            says=f"{name} {'missed' if right else 'proposed'}: {post['text']!r}",
        )
    for (lang, ambiguous), count in sorted(counts.items()):
        yield f"names, read, {lang}, {'also a word' if ambiguous else 'names only'}", count


def written(name: str, sentence: str) -> dict[str, tuple[str, str]]:
    """A person's name as people write it, with the sentence it stands in."""
    first, *between, last = name.split(" ")
    whole = f"{' '.join([*between, ''])}{last}"
    return {
        "as it is": (name, sentence),
        "first name": (first, sentence),
        "all in capitals": (name.upper(), sentence.upper()),
        "all in small letters": (name.lower(), sentence.lower()),
        "particles in capitals": (name.title(), sentence),
        "without particles": (f"{first} {last}", sentence),
        "with 's": (f"{first}'s", sentence),
        "without accents": (first.replace("ë", "e").replace("á", "a"), sentence),
        "surname's initial": (f"{first} {last[0]}.", sentence),
        "surname alone": (whole[0].upper() + whole[1:], sentence),
        "nickname": (f"{first[:3]}ie", sentence),
        "a slip": (f"{first[0]}{first[2:]} {last}", sentence),
    }


def planted_names(
    sentences: list[str], lang: str, dice: random.Random
) -> Iterator[tuple[str, Count]]:
    counts: dict[str, Count] = defaultdict(Count)
    traps = Count()
    for sentence in sentences:
        person = dice.choice(PEOPLE[lang])
        finds = Name(person)
        other = dice.choice(OTHERS[lang])
        trap = re.sub(r"\b(?:Tom|Mary|Maria)\b", "\0", sentence, count=1)
        for how, (name, text) in written(person, trap).items():
            at = text.index("\0")
            said = text.replace("\0", name)
            places = list(finds.places(said))
            hit = any(place.start == at for place in places)
            besides = sum(place.start != at for place in places)
            says = f"{how}: {said!r}"
            counts[how].add(there=1, found=int(hit), besides=besides, says=says)
        said = trap.replace("\0", other)
        besides = len(list(finds.places(said)))
        traps.add(there=0, found=0, besides=besides, says=f"{person} proposed in {said!r}")
    for how, count in counts.items():
        yield f"names, planted, {lang}, {how}", count
    yield f"names, planted, {lang}, somebody else's ({len(sentences)} places)", traps


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("data", type=Path)
    data = arguments.parse_args().data
    if not (data / "community/posts.jsonl").is_file():
        sys.exit(f"There is no data at {data}; nothing was measured.")
    with (data / "community/posts.jsonl").open(encoding="utf-8") as file:
        posts = {post["post_id"]: post for post in map(json.loads, file)}
    results = [("handles, real, Mastodon", real_handles(data))]
    dice = random.Random(20261122)
    for lang in ("nl", "en"):
        said = [p["text"] for p in posts.values() if p["lang"] == lang and p["kind"] == "post"]
        dice.shuffle(said)
        for what, plant in (("marked up", marked_up), ("bare", bare)):
            count = Count()
            plant(said[:2000], dice, count)
            results.append((f"handles, planted, {lang}, {what}", count))
    results += read_names(posts)
    for lang in ("nl", "en"):
        said = [p["text"] for p in posts.values() if p["lang"] == lang and p["kind"] == "post"]
        said = [text for text in said if len(re.findall(r"\b(?:Tom|Mary|Maria)\b", text)) == 1]
        dice.shuffle(said)
        results += planted_names(said[: 2500 if lang == "nl" else 500], lang, dice)
    print("| what | there | found | besides | recall | precision |\n|---|---|---|---|---|---|")
    for what, count in results:
        print(count.row(what))
    for what, count in results:
        if count.misses:
            print(f"\n{what}: {len(count.misses)} missed or wrong")
            print(*(f"  {miss}" for miss in count.misses[:SHOWN]), sep="\n")


if __name__ == "__main__":
    main()
