"""Dutch <-> English on held-out pairs of the community: chrF with and without its memories.

    python benchmarks/translation.py ../shared/data/community --pairs 60 --tokens 40000

One author in three is held out by a keyed hash, on both sides of a pair: a pair is asked only if
both its authors are held out, and is an example only if neither is; what somebody who is not held
out wrote word for word is not asked either. Counts and examples are of everybody else, adapters of
as many of them as the planned tokens take. Rows that need no model are scored on five times as
many pairs too. chrF is sacrebleu's, with the half of its 95 % interval by 500 draws.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import sacrebleu
import torch
from community_shards import KEY, Said, Text, drawn, lay_out, read
from dutch import _chosen, _trained, _vocabulary
from sacrebleu.metrics import CHRF

from demur.assistant.translation import EXAMPLES, Into, Translating, prompt
from demur.memory.memories import Heard, Memories
from demur.memory.remember import remember
from demur.people import Home, InForce, PersonId
from demur.posts import normal
from demur.serving.engine import Engine, Over, Setting
from demur.serving.engines import open_engine
from demur.serving.merge import Merged
from demur.serving.template import Template
from demur.training.base import install
from demur.training.recipe import Recipe

ASK = {"en": "Translate this Dutch sentence into English:", "nl": "Vertaal naar het Nederlands:"}
LONGEST = 32  # tokens of a translation: these sentences have twelve
DRAWS = 500
MARK = re.compile(r"^(?:≈|\[(?:\?|nl|en)\]) ")  # how sure a translation is; no part of it


@dataclass(frozen=True)
class Pair:
    asked: str
    wanted: str


def main() -> None:
    torch.set_num_threads(1)
    wishes = _wishes()
    work = wishes.work or Path(tempfile.mkdtemp(prefix="translation-"))
    everybody = read(wishes.community)
    learned = _translating({p: t for p, t in everybody.items() if not held_out(p)})
    base, recipe = install(wishes.base, work / "models"), Recipe()
    vocabulary = _vocabulary(base)
    home = Home(key=KEY, shards=wishes.shards, slices=wishes.slices)
    built = [shard.path for shard in lay_out(learned, home, work / "build")]
    for path in built:
        remember(path, work / "memory", vocabulary)
    memories = Memories.load(built, work / "memory", vocabulary)
    heard = memories.under(InForce(epoch=1, silent={}))
    chosen, tokens = _chosen(learned, vocabulary, wishes.tokens)
    trained = lay_out(chosen, home, work / "trained")
    merged, steps, _ = _trained(trained, work / "models", base, recipe)
    engine = open_engine(Setting(), base, recipe, threads=1)
    model = Model(engine, Template(base), base.separator)
    many: dict[Into, list[Pair]] = {into: _asked(everybody, into) for into in ("en", "nl")}
    print(f"{len(learned)} people, {len(memories.translations) // 2} pairs and parts of pairs; ")
    print(f"adapters of {len(chosen)} people, {tokens} tokens, {steps} steps; {base.name}")
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, ", end="")
    print(f"torch {torch.__version__}, sacrebleu {sacrebleu.__version__}\n", flush=True)
    print("| chrF, held-out pairs | n | Dutch to English | English to Dutch |\n|---|---|---|---|")
    few = {into: pairs[: wishes.pairs] for into, pairs in many.items()}
    more = {into: pairs[: wishes.pairs * 5] for into, pairs in many.items()}
    for pairs in (more, few):
        _row("the question itself, untranslated", pairs, {i: _same(p) for i, p in pairs.items()})
        _row("the nearest example", pairs, {i: _nearest(heard, i, p) for i, p in pairs.items()})
        _row("word by word", pairs, {i: _glossed(heard, i, p) for i, p in pairs.items()})
    plain = {i: [model.says(ASK[i], each, None, None) for each in p] for i, p in few.items()}
    _row("the base, plain", few, plain)
    both = {i: [model.says(ASK[i], each, heard, merged) for each in p] for i, p in few.items()}
    _row("with counts and adapters", few, both)
    shown = {
        into: [model.after_examples(each, into, heard, merged) for each in pairs]
        for into, pairs in few.items()
    }
    _row("with counts, adapters and examples", few, shown)
    served = {
        into: [
            model.served(pair, into, heard, merged, whole)
            for pair, whole in zip(few[into], said, strict=True)
        ]
        for into, said in shown.items()
    }
    _row("**as served**: that, or word by word where they disagree", few, served)
    for into, asked in few.items():
        by_word = sum(each.startswith("≈") for each in served[into])
        print(f"\ninto {into}: {by_word} of {len(asked)} word by word", end="")
    print("\n")
    for into, asked in few.items():
        for number in range(min(6, len(asked))):
            print(f"{asked[number].asked} -> {served[into][number]}")
            print(f"    base: {plain[into][number]}")
            print(f"    with memories and examples: {shown[into][number]}")


class Model:
    """The base, with what it carries, decoding greedily as it is served."""

    def __init__(self, engine: Engine, template: Template, start: int) -> None:
        self._engine, self._template, self._start = engine, template, start

    def says(self, order: str, pair: Pair, heard: Heard | None, by: Merged | None) -> str:
        return self._line([("user", f"{order} {pair.asked}")], heard, by)

    def after_examples(self, pair: Pair, into: Into, heard: Heard, by: Merged) -> str:
        examples = heard.translations(pair.asked, into, EXAMPLES)
        return self._line(prompt(pair.asked, into, examples), heard, by)

    def served(self, pair: Pair, into: Into, heard: Heard, by: Merged, whole: str) -> str:
        """What the assistant says. whole: what the model said of all of it, which is not asked
        again where it is one sentence."""
        plan = Translating(heard, into).plan(pair.asked)
        one = sum(bool(part.prompt) for part in plan.then) == 1
        text = "".join(plan.opening)
        for part in plan.then:
            text += "".join(part.opening)
            if part.edited and part.prompt:
                text += part.edited(whole if one else self._line(part.prompt, heard, by))
        return text

    def _over(self, heard: Heard, asked: int) -> Over:
        return lambda said, p: heard.over([self._start, *said[asked:]], p)

    def _line(
        self, turns: Sequence[tuple[str, str]], heard: Heard | None, by: Merged | None
    ) -> str:
        ids = self._template.ids(turns)
        laid = None if heard is None else self._over(heard, len(ids))
        tokens = self._engine.stream(
            ids,
            adapter=by,
            over=laid,
            still=lambda: True,
            max_tokens=LONGEST,
            temperature=0.0,
            top_k=1,
            top_p=1.0,
            seed=1,
        )
        said = ""
        pieces = self._template.pieces(tokens)
        for piece in pieces:
            said += piece
            if "\n" in said.lstrip("\n"):
                break
        pieces.close()
        return said.strip().partition("\n")[0]


def _same(pairs: Sequence[Pair]) -> list[str]:
    return [pair.asked for pair in pairs]


def _nearest(heard: Heard, into: Into, pairs: Sequence[Pair]) -> list[str]:
    found = [heard.translations(pair.asked, into, 1) for pair in pairs]
    return [each[0].translation if each else "" for each in found]


def _glossed(heard: Heard, into: Into, pairs: Sequence[Pair]) -> list[str]:
    return [heard.gloss(pair.asked, into).text for pair in pairs]


def _row(name: str, pairs: dict[Into, list[Pair]], said: dict[Into, list[str]]) -> None:
    cells = [_scored(said[into], [pair.wanted for pair in pairs[into]]) for into in pairs]
    print(f"| {name} | {len(pairs['en'])} | {' | '.join(cells)} |", flush=True)


def _scored(said: Sequence[str], wanted: Sequence[str]) -> str:
    said = [MARK.sub("", each) for each in said]
    score = CHRF().corpus_score(said, [list(wanted)], n_bootstrap=DRAWS)
    return f"{score.score:.1f} ± {score._ci:.1f}"


def held_out(person: PersonId) -> bool:
    return drawn("held out of translating", person) % 3 == 0


def _translating(people: Said) -> dict[PersonId, list[Text]]:
    """The same with the later of two parallel texts called the translation of the earlier."""
    written = {text.post_id: text for texts in people.values() for text in texts}
    return {
        person: [replace(text, translation_of=_original(text, written)) for text in texts]
        for person, texts in people.items()
    }


def _original(text: Text, written: dict[str, Text]) -> str | None:
    others = (written[other] for other in text.parallel if other in written)
    earlier = [o for o in others if o.created_at < text.created_at and o.lang != text.lang]
    return min(earlier, key=lambda other: other.created_at).post_id if earlier else None


def _asked(everybody: Said, into: Into) -> list[Pair]:
    """Pairs of two held-out authors, in the order of a hash, each text once."""
    known = {normal(t.text) for p, texts in everybody.items() if not held_out(p) for t in texts}
    out = {t.post_id: t for p, texts in everybody.items() if held_out(p) for t in texts}
    found: dict[str, Pair] = {}
    for text in sorted(out.values(), key=lambda text: text.post_id):
        for other in (out[each] for each in text.parallel if each in out):
            fresh = not known & {normal(text.text), normal(other.text)}
            if other.lang == into != text.lang and fresh:
                found.setdefault(normal(text.text), Pair(text.text, other.text))
    return list(found.values())


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("community", type=Path)
    parser.add_argument("--base", default="smollm2", help="smollm2, a folder or a GGUF file")
    parser.add_argument("--pairs", type=int, default=60, help="the model translates, each way")
    parser.add_argument("--tokens", type=int, default=40_000, help="the adapters learn, about")
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--slices", type=int, default=4)
    parser.add_argument("--work", type=Path, help="keep what is made here, to go on from it")
    return parser.parse_args()


if __name__ == "__main__":
    main()
