"""The village's story, told on the terminal with the real thing: `make run`.

Every step is one that an operator takes, with the same functions, and each can be taken again: a
telling that was interrupted goes on where it stopped. The village's clock is the only pretence:
its archives and notices are dated forty days back, so that the time to object is over.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.contrib.auth.models import User
from django.db import transaction

from demur import verify, worker
from demur.assistant import chat, images, search, translation, writing
from demur.assistant.answer import Assistant
from demur.assistant.said import Answer, Message, Sampling
from demur.corpus import build as corpus
from demur.errors import NotFound
from demur.people import PersonId, Scope, Standing, Use
from demur.policy import regimes
from demur.policy.decision import Reason, of_mask
from demur.rights import (
    answers,
    authority,
    book,
    decisions,
    deletion,
    intake,
    mail,
    models,
    notice,
    objection,
    people,
    receipt,
    standing,
)
from demur.rights.authority import Order, Verb
from demur.rights.place import Place
from demur.site.folder import Site
from demur.tlog import note
from demur.village import addresses, archives, story
from demur.village.village import load

WAITED = timedelta(days=40)  # longer than any regime's time to object
LENGTH = 60  # tokens that the model adds to what it quotes

Say = Callable[[str], None]
Clock = Callable[[], datetime]


def told(site: Site) -> bool:
    """Has the story been told here to its end? The objector's shard then speaks without her."""
    objector = models.Person.objects.filter(accounts__pk=_account()).first()
    if objector is None:
        return False
    lines = {line.kind for line in receipt.lines(objector)}
    return {"objection", "shard_retrained", "served"} <= lines


def tell(site: Site, *, say: Say, clock: Clock, ready: Callable[[], None]) -> None:
    """The whole story; raises ProofRejected where something in it does not hold.

    ready: called as soon as there is something to serve, in the middle of the story.
    """
    then = clock() - WAITED
    _heading(
        say, "1. Posts come in", "Archives as the platforms export them, one person at a time."
    )
    _import(site, say, then)
    _sign_ins(then)
    _heading(say, "2. People are told", "Nothing is used before the notice arrived and time is up.")
    counts = notice.announce(now=then, regimes=regimes.load())
    notice.announce(
        campaign="translation", uses=[Use.TRANSLATION], now=then, regimes=regimes.load()
    )
    sent = mail.send_due(then)
    say(f"   {counts.queued + counts.already} notices, {sent} letters handed over, 40 days ago.")
    say("   To translate with their help is a use of its own, so it had a notice of its own.")
    _heading(say, "3. The law decides, post by post", "Every reason is kept. The strictest wins.")
    worker.build(site, now=clock())
    _decisions(site, say)
    _heading(
        say,
        "4. Shards are remembered and trained",
        f"{site.home.shards} shards of people, side by side.",
    )
    worker.train(site, now=clock, progress=lambda line: say(f"   {line}"))
    ready()
    stands = standing.of(site, today=lambda: clock().date())
    assistant = Assistant.open(site.root, stands, engine=site.engine)
    _heading(say, "5. A question", story.QUESTION_NL)
    _ask(assistant, say)
    _heading(say, "6. More than answers", "A translation, a draft and a picture.")
    _abilities(site, assistant, say)
    _heading(
        say, "7. Marijke objects", "One transaction: row, line of the book, signed head, mail."
    )
    paper = _object(site, assistant, say, clock)
    _heading(say, "8. The same question", story.QUESTION_NL)
    _ask(assistant, say)
    say("   And the same translation:")
    _translate(assistant, say)
    _heading(say, "9. Luciana asks from Brazil", "There the law wants proof; we find it for her.")
    abroad(site, assistant, say, clock)
    _heading(
        say,
        "10. The shards learn again, without them",
        "Theirs, and those of people who name them.",
    )
    for line in worker.work(site, now=clock, once=True):
        say(f"   {line}")
    _others(site, say, clock)
    _heading(say, "11. An outsider checks", "Offline, with the receipt and nothing else.")
    _verify(site, paper, say)
    _verify_absence(site, say)
    shard = site.home.shard(PersonId(people.find(_account()).pk))
    _heading(say, f"12. Shard {shard}, rebuilt from nothing", "The same bytes, or this stops here.")
    digests = worker.rebuild(site, shard, progress=lambda line: None)
    for number, digest in enumerate(digests):
        say(f"   slice {number}: {digest}")
    say("   the same bytes.")
    _heading(say, "13. An authority halts and lifts", "A signed order; the same gate obeys.")
    halted(site, assistant, say, clock)


def abroad(site: Site, assistant: Assistant, say: Say, clock: Clock) -> None:
    """Somebody in Brazil was quoted, asks for deletion, and the proof is found in our own log."""
    said = _ask(assistant, say, story.QUESTION_ABROAD)
    answers.log(said, surface="chat", now=clock())
    luciana = people.find(addresses.account_id(load().people[story.ABROAD].profiles[0]))
    asked = deletion.open_(luciana, route="form", now=clock())
    found = deletion.search(site, asked, _nobody_asks, now=clock())
    asked = decisions.fresh(asked)
    say(f"   request by the {asked.regime}, due {asked.due}: fenced at once")
    for each in found:
        say(textwrap.indent(textwrap.fill(f"found in an answer: “{each.words}”", 92), "   "))
    say(f"   {asked.state}: line {asked.decided_id} of the book")


def halted(site: Site, assistant: Assistant, say: Say, clock: Clock) -> None:
    """An authority of the Netherlands counts, halts and lifts; its key is drawn for the telling."""
    key = Ed25519PrivateKey.generate()
    name = f"{story.AUTHORITY} {len(models.Authority.objects.all()) + 1}"
    vkey = str(note.key_of(story.ITS_KEY, key))
    authority.add(name, vkey, countries=["NL"], now=clock())

    def order(verb: Verb) -> str:
        text = Order(
            verb=verb,
            scope=Scope(country="NL"),
            id=str(verb),
            issued=clock().replace(microsecond=0),
            expires=clock().replace(microsecond=0) + timedelta(hours=1),
            site=site.origin,
        ).text
        return note.sign(text, story.ITS_KEY, key)

    def heard() -> int:
        return len(search.find(assistant, story.QUESTION_NL, 50))

    fall = authority.dry_run(order(Verb.HALT), now=clock())
    say(f"   it counts first: {fall.posts} posts by {fall.people} people in the Netherlands")
    say(f"   {heard():>4} posts found about the question")
    for verb in Verb:
        done = authority.obey(order(verb), now=clock())
        line = done.lifted_entry_id if done.lifted_at else done.entry_id
        say(f"   {heard():>4} posts found after {verb}, line {line} of the book")


def _others(site: Site, say: Say, clock: Clock) -> None:
    """Whom else the law kept out or masked, shown on one post each."""
    for who, why in ((story.MINORS[0], "a minor"), (story.FRIEND, "the friend who named Marijke")):
        profile = load().people[who].profiles[0]
        decided = worker.explain(site, addresses.account_id(profile), now=clock())
        outcomes = Counter(each.decision.outcome for each in decided)
        rules = Counter(reason.rule for each in decided for reason in each.decision.reasons)
        told = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
        reasons = ", ".join(rule for rule, _ in rules.most_common(2))
        say(f"   {why}: {told} ({reasons})" if reasons else f"   {why}: {told}")


def _nobody_asks(site: Place, standing: Standing) -> Assistant:
    """The probes take a minute of the real model; the telling is content with the answer log."""
    raise NotFound("The village's story asks no probes; `demur work` does, for an open request.")


@contextmanager
def beside(site: Site, command: str) -> Iterator[subprocess.Popen[bytes]]:
    """`demur serve` or `demur work` for this site, in a process of its own until the block ends."""
    words = [sys.executable, "-m", "demur.cli", command, "--site", str(site.root)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def address(site: Site, say: Say) -> None:
    """Where to look and whom to sign in as."""
    say(f"\nThe village is at {site.address}\n")
    for page, what in (
        ("/privacy/", "the privacy centre"),
        ("/ask/", "the assistant"),
        ("/log/", "the book"),
        ("/admin/", "the operator's desk"),
    ):
        say(f"   {site.address}{page:<10} {what}")
    say("\nSign in as:")
    for one in story.SIGN_INS:
        say(f"   {one.user:<10} {one.password:<16} {one.part}")


def _account() -> str:
    profile = load().people[story.OBJECTOR].profiles[0]
    return addresses.account_id(profile)


def _heading(say: Say, title: str, under: str) -> None:
    say(f"\n{title}\n   {under}")


def _import(site: Site, say: Say, then: datetime) -> None:
    stored: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    with TemporaryDirectory() as folder:
        for delivery in archives.write(Path(folder)):
            report = intake.take(
                site,
                delivery.path,
                audience=delivery.audience,
                groups=delivery.groups,
                now=then,
            )
            stored[delivery.platform] += report.stored + report.already
            skipped.update(report.skipped)
    for platform, count in stored.most_common():
        say(f"   {count:>4} posts from {platform}")
    for reason, count in skipped.most_common():
        say(f"   {count:>4} skipped: {reason}")


def _sign_ins(then: datetime) -> None:
    """Accounts on the site for the cast; the operator may enter the desk."""
    users = User.objects
    village = load()
    for one in story.SIGN_INS:
        with transaction.atomic():
            if users.filter(username=one.user).exists():
                continue
            if one.who is None:
                users.create_superuser(one.user, password=one.password)
                continue
            user = users.create_user(one.user, password=one.password)
            person = people.find(addresses.account_id(village.people[one.who].profiles[0]))
            person.user = user
            person.save(update_fields=["user"])


def _decisions(site: Site, say: Say) -> None:
    kept = 0
    reasons: Counter[Reason] = Counter()
    for shard in range(site.home.shards):
        built = corpus.current(site.build, shard)
        kept += built.manifest.posts
        for mask in pq.read_table(built.decisions)["reasons"].to_pylist():
            reasons.update(of_mask(mask).reasons)
    say(f"   {kept:>4} posts may train")
    for reason, count in reasons.most_common():
        in_part = 0 < len(reason.uses) < len(Use)
        what = f"not for {', '.join(sorted(reason.uses))}" if in_part else reason.outcome
        say(f"   {count:>4} {what}: {reason.says}")


def _abilities(site: Site, assistant: Assistant, say: Say) -> None:
    _translate(assistant, say)
    about = "de getijdenpoeltjes bij de lange strekdam"
    brief = writing.Brief(about=about, form="invitation", tone="friendly", language="nl")
    _said(writing.write(assistant, brief, Sampling(max_tokens=LENGTH, seed=1)), say)
    file = site.root / "vuurtoren.png"
    drawing = images.draw(assistant, story.DRAWN, seed=1)
    file.write_bytes(drawing.png)
    say(f"   {story.DRAWN}: {file}, drawn by the {drawing.drew}")


def _translate(assistant: Assistant, say: Say) -> None:
    """A post of somebody else's, which the objector had put into English."""
    _said(translation.translate(assistant, load().named(story.TRANSLATED).text, "en"), say)


def _ask(assistant: Assistant, say: Say, question: str = story.QUESTION_NL) -> str:
    asked = [Message(role="user", text=question)]
    return _said(chat.reply(assistant, asked, Sampling(max_tokens=LENGTH, seed=1)), say)


def _said(pieces: Iterator[str | Answer], say: Say) -> str:
    """Tell what was said, and by whom what is in it was written."""
    *_, answer = pieces
    assert isinstance(answer, Answer)
    for line in answer.text.splitlines():
        say(textwrap.indent(textwrap.fill(line, 92), "   │ "))
    for citation in answer.citations:
        say(f"   [{citation.number}] {citation.account}")
    return answer.text


def _object(site: Site, assistant: Assistant, say: Say, clock: Clock) -> str:
    person = people.find(_account())
    said = objection.submit(person, route="form", now=clock())
    committed = time.perf_counter()
    left = [
        hit for hit in search.find(assistant, story.QUESTION_NL, 20) if hit.account == _account()
    ]
    silence = (time.perf_counter() - committed) * 1000
    say(f"   line {said.entry.index} of the book")
    say(f"   {len(left)} of her posts found, {silence:.0f} ms later")
    sent = mail.send_due(clock())
    say(f"   {sent} letter with the receipt")
    return receipt.text(said)


def _verify(site: Site, paper: str, say: Say) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "receipt.tlog-proof"
        file.write_text(paper, encoding="utf-8")
        for line in verify.verify_file(file, key=str(book.key(site))).lines:
            say(textwrap.indent(textwrap.fill(line, 92), "   "))


def _verify_absence(site: Site, say: Say) -> None:
    served = [line for line in receipt.lines(people.find(_account())) if line.kind == "served"]
    say(f"\n   And for the model served now (line {served[-1].index} of the book):")
    _verify(site, served[-1].proof, say)
