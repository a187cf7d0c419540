"""Held-out people's questions: is the right post cited, is it quoted exactly, is nothing made up?

    python benchmarks/questions.py ../shared/data/community --answers 40

A real site with posts of the community, imported, told, decided and remembered. Who asks is held
out: a third of the people, of whom nothing is in the site. Each question is a sentence of theirs
that says the same as one post, in the other language or, by way of a translation that both have,
in its own; no translation is in the site. Those by a template ask for two of a post's words, one of
them mistyped. Questions about nothing here are titles of travel.stackexchange.com, of which no post
is in the site: the right answer is that nothing was found.

Beside it in the same run: plain retrieval (FTS5 alone: words as they stand, any of them), and the
base model alone, which is asked the same and cites nothing. Answers are real ones
(`assistant.chat.reply`); of a few, and short, since the base takes a second for every few words.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import re
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import community
import pyarrow.parquet as pq
from search_questions import Post, posts_of, slipped, words_of

from demur.memory.search import EVERYWHERE
from demur.memory.stopwords import subject
from demur.people import Use
from demur.site import folder, start
from demur.site.folder import Site

NOW = datetime.now(UTC)
TOLD = NOW - timedelta(days=40)
QUOTED = re.compile(r"(“[^”]*”) \[(\d+)\]")
FIND = 5


@dataclass(frozen=True)
class Question:
    asked: str
    wanted: str  # the text of the post that says it; "" where there is none
    kind: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("community", type=Path)
    parser.add_argument("--posts", type=int, default=4000, help="in the site, beside those wanted")
    parser.add_argument("--each", type=int, default=150, help="questions of each kind")
    parser.add_argument("--answers", type=int, default=40, help="asked of the assistant in full")
    parser.add_argument("--base", default="smollm2")
    asked = parser.parse_args()
    dice = random.Random(5)  # 4 drew the questions on which the numbers in `chat` were chosen
    every = posts_of(asked.community)
    about, held_out = answerable(every, asked.each, dice)
    nothing = [
        Question(post.text, "", "about nothing here")
        for post in dice.sample([post for post in every if travels(post)], asked.each)
    ]
    about += by_template(every, held_out, asked.each, dice)
    wanted = {question.wanted for question in about}
    members = [p for p in every if not (asks(p) or travels(p) or p.id in held_out)]
    kept = [post for post in members if post.text in wanted]
    others = [post for post in members if post.text not in wanted]
    kept += dice.sample(others, asked.posts)
    with tempfile.TemporaryDirectory() as place:
        site = settle(asked.community, {post.id for post in kept}, asked.base, Path(place))
        there = texts_in(site)
        about = [question for question in about if question.wanted in there]
        print(f"{len(there)} posts in the site; {len(about)} questions about one of them\n")
        retrieved(site, about, there)
        answered(site, about, nothing, asked.answers, dice)


TEMPLATES = {
    "nl": "Weet iemand iets over {} en {}?",
    "en": "Does anybody know anything about {} and {}?",
}


def by_template(
    every: Sequence[Post], held_out: set[str], each: int, dice: random.Random
) -> Iterator[Question]:
    often = Counter(word for post in every for word in set(words_of(post.text)))
    left = Counter(dict.fromkeys(TEMPLATES, each // 2))
    for post in dice.sample(every, len(every)):
        rare = sorted(set(words_of(post.text)), key=lambda word: (often[word], word))[:2]
        if len(rare) == 2 and left[post.lang] and not travels(post) and post.id not in held_out:
            left[post.lang] -= 1
            asked = TEMPLATES[post.lang].format(rare[0], slipped(rare[1], dice))
            yield Question(asked, post.text, "by a template, with a slip")


def asks(post: Post) -> bool:
    """A third of the people ask and have nothing in the site; the others wrote what is there."""
    return hashlib.sha256(post.author.encode()).digest()[0] % 3 == 0


def travels(post: Post) -> bool:
    return post.id.startswith("travel")


def answerable(
    every: Sequence[Post], each: int, dice: random.Random
) -> tuple[list[Question], set[str]]:
    """Questions with the post that is wanted, and the ids of all that must not be in the site."""
    known = {post.id: post for post in every}
    found: defaultdict[str, list[Question]] = defaultdict(list)
    held_out: set[str] = set()
    taken: set[str] = set()
    for post in dice.sample(every, len(every)):
        same = [known[other] for other in post.parallel if other in known]
        again = [known[on] for each in same for on in each.parallel if on in known]
        pairs = [("in the other language", one) for one in same if one.lang != post.lang]
        pairs += [("in its own language", one) for one in again if one.text != post.text]
        for which, asker in pairs:
            kind = f"{which}, {'Dutch' if asker.lang == 'nl' else 'English'}"
            family = {post.id, *(p.id for p in same), *(p.id for p in again)}
            if asks(post) or not asks(asker) or len(found[kind]) >= each or family & taken:
                continue
            taken |= family
            held_out |= family - {post.id}
            found[kind].append(Question(asker.text, post.text, kind))
    return [question for kind in found.values() for question in kind], held_out


def settle(source: Path, kept: set[str], base: str, place: Path) -> Site:
    """A site that holds these posts, forty days after everybody was told."""
    site = folder.create(
        place / "site", name="C", origin="c.example/log", shards=8, slices=2, base=base
    )
    start.setup(site)
    start.prepare(site)
    from demur import worker
    from demur.policy import regimes
    from demur.rights import intake, mail, notice

    archive = place / "archive"
    archive.mkdir()
    posts = [post for post in community.posts(source) if post["id"] in kept]
    authors = {post["account"] for post in posts}
    accounts = [each for each in community.accounts(source) if each["id"] in authors]
    for each in accounts:
        each["linked_to"] = [other for other in each["linked_to"] if other in authors]
        # what is measured is the search; the law has tests of its own
        each |= {"age_band": "18_plus", "age_known_on": "2000-01-01", "locked": False}
    for name, lines in (("accounts", accounts), ("posts", posts)):
        written = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (archive / f"{name}.jsonl").write_text(written, encoding="utf-8")
    intake.take(site, archive, now=TOLD)
    notice.announce(now=TOLD, regimes=regimes.load())
    mail.send_due(TOLD)
    worker.build(site, now=NOW)
    return site


def texts_in(site: Site) -> set[str]:
    files = site.build.glob("shard=*/*/kept.parquet")
    return {text for file in files for text in pq.read_table(file)["text"].to_pylist()}


def retrieved(site: Site, about: Sequence[Question], there: set[str]) -> None:
    """Is the post among the first five that are found?"""
    heard = opened(site).heard()
    texts = sorted(there)
    alone = sqlite3.connect(":memory:")
    alone.execute("CREATE VIRTUAL TABLE words USING fts5(text, tokenize='unicode61')")
    alone.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", enumerate(texts))

    def ours(asked: str) -> list[str]:
        hits = heard.search(asked, limit=FIND, use=Use.ANSWERS, where=EVERYWHERE)
        return [hit.text for hit in hits]

    def plain(asked: str) -> list[str]:
        words = " OR ".join(f'"{word}"' for word in subject(asked))
        look = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?"
        return [texts[row] for (row,) in alone.execute(look, (words, FIND))]

    print(
        f"| the question is | n | recall@{FIND} | plain retrieval (FTS5 alone) |\n|---|---|---|---|"
    )
    for kind in sorted({question.kind for question in about}):
        some = [question for question in about if question.kind == kind]
        hits = [sum(one.wanted in ask(one.asked) for one in some) for ask in (ours, plain)]
        shares = " | ".join(share(hit, len(some)) for hit in hits)
        print(f"| {kind} | {len(some)} | {shares} |", flush=True)


def answered(
    site: Site, about: Sequence[Question], nothing: Sequence[Question], count: int,
    dice: random.Random,
) -> None:  # fmt: skip
    """What the assistant says: cited, quoted exactly, or that it found nothing."""
    from demur.assistant import chat

    assistant = opened(site)
    heard = assistant.heard()

    def cites(question: Question) -> list[str]:
        # the citations of an answer are settled before a word of the model is said
        found = chat._retrieve(heard, question.asked)
        return [citation.text for citation in found]

    print("\n| citations (at most three) | n | |\n|---|---|---|")
    told = sum(not cites(question) for question in nothing)
    print(f"| about nothing here: says that it found nothing | {len(nothing)} |"
          f" {share(told, len(nothing))} |")  # fmt: skip
    silent = sum(not cites(question) for question in about)
    right = sum(question.wanted in cites(question) for question in about)
    print(f"| about a post: cites that post | {len(about)} | {share(right, len(about))} |")
    print(f"| about a post: says that it found nothing | {len(about)} |"
          f" {share(silent, len(about))} |", flush=True)  # fmt: skip
    sample = dice.sample(list(about), count)
    quoted, exact, cited, alone = 0, 0, 0, 0
    for question in sample:
        answer = told_in_full(assistant, question.asked)
        texts = {citation.number: citation.text for citation in answer.citations}
        for words, number in QUOTED.findall(answer.text):
            quoted += 1
            exact += bare(words) == bare(texts.get(int(number), ""))
        cited += question.wanted in texts.values()
        alone += bare(question.wanted) in bare(base_alone(site, question.asked))
    print(f"\nOf {count} answers spoken in full: the right post is cited in"
          f" {share(cited, count)}; {exact} of {quoted} quotations are the post's own words, to the"
          f" letter. The base model alone cites nothing, and says the post's words in"
          f" {share(alone, count)}.")  # fmt: skip


def told_in_full(assistant: Any, asked: str) -> Any:
    from demur.assistant import chat
    from demur.assistant.said import Message, Sampling

    said = chat.reply(
        assistant,
        [Message(role="user", text=asked)],
        Sampling(max_tokens=12, temperature=0.0, seed=1),
    )
    return list(said)[-1]


def base_alone(site: Site, asked: str) -> str:
    """What the base says when nothing of the community is there."""
    from demur.serving.engine import Setting
    from demur.serving.engines import open_engine
    from demur.serving.release import read_release
    from demur.serving.template import Template
    from demur.training.base import open_base

    release = read_release(site.models)
    assert release is not None
    if "base" not in _opened:
        base = open_base(site.models, release.base)
        _opened["base"] = Template(base), open_engine(Setting(), base, None, threads=2)
    template, engine = _opened["base"]
    tokens = engine.stream(
        template.ids((("user", asked),)), adapter=None, over=None, still=lambda: True,
        max_tokens=24, temperature=0.0, top_k=40, top_p=0.9, seed=1,
    )  # fmt: skip
    return "".join(template.pieces(tokens))


_opened: dict[str, Any] = {}


def opened(site: Site) -> Any:
    from demur.assistant.answer import Assistant
    from demur.rights import standing

    return Assistant.open(site.root, standing.of(site, today=NOW.date))


def bare(text: str) -> str:
    """A text without what `sources.quote` may change: marks and white space."""
    return re.sub(r"[\W_]+", " ", text).strip()


def share(hits: int, of: int) -> str:
    """A share and its 95 % interval (Wilson 1927)."""
    if not of:
        return "-"
    z, p = 1.96, hits / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return f"{p:.2f} ({middle - half:.2f} to {middle + half:.2f})"


if __name__ == "__main__":
    main()
