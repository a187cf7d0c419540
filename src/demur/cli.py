"""Door two: one function a command. Each opens the site, asks one question of the core, prints.

Exit codes: 0 done; 1 a proof was rejected; 2 a refusal, with the next step in the sentence.
What a program would read comes with --json, one document on standard output.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demur.errors import ProofRejected, Refusal

if TYPE_CHECKING:
    from demur.assistant.said import Answer
    from demur.people import Standing
    from demur.site.folder import Site

# Rooms are entered inside the functions: `demur verify` must not load Django, nor `--help` torch.
# ruff: noqa: PLC0415


Command = Callable[..., None]  # of the arguments, and of the opened site if it takes one


OPEN_NO_SITE = {"init", "verify"}


def now() -> datetime:
    """The one clock of this door."""
    return datetime.now(UTC)


def site_of(args: argparse.Namespace) -> Site:
    """Open the site, load Django for it, bring the database up to date."""
    from demur.site.folder import open_site
    from demur.site.start import prepare, setup

    site = open_site(args.site)
    setup(site)
    prepare(site)
    return site


def standing_of(site: Site) -> Standing:
    from demur.rights import standing

    return standing.of(site, today=lambda: now().date())


def show(args: argparse.Namespace, value: Any, lines: Callable[[], Sequence[str]]) -> None:
    if args.json:
        print(json.dumps(value, ensure_ascii=False, indent=2, default=str))
    else:
        print("\n".join(lines()))


def table(rows: Sequence[tuple[str, int]]) -> list[str]:
    wide = max((len(name) for name, _ in rows), default=0)
    return [f"  {name:<{wide}}  {count:>9,}" for name, count in rows]


def init(args: argparse.Namespace) -> None:
    """Make a site folder: settings, keys, an empty database, the first line of the book."""
    from demur.site.folder import create

    site = create(
        args.folder,
        name=args.name,
        origin=args.origin,
        language=args.language,
        shards=args.shards,
        slices=args.slices,
        base=args.base,
    )
    args.site = site.root
    site_of(args)
    show(
        args,
        {"site": str(site.root)},
        lambda: [f"{site.root} is ready. Next: demur import ARCHIVE --site {args.folder}"],
    )


def import_(args: argparse.Namespace, site: Site) -> None:
    """Read archives of posts into the site. Reading the same archive again changes nothing."""
    from demur.posts import Audience
    from demur.rights import intake

    audience = Audience(args.audience) if args.audience else None
    reports = []
    for path in args.paths:
        report = intake.take(
            site, path, platform=args.platform, audience=audience, groups=args.group, now=now()
        )
        reports.append({"path": str(path), **dataclasses.asdict(report)})
        if not args.json:
            rows = [("read", report.read), ("stored", report.stored)]
            rows += [("already here", report.already), ("said anew", report.amended)]
            rows += [(f"skipped: {why}", n) for why, n in sorted(report.skipped.items())]
            rows += [(f"audience unknown, group {g}", n) for g, n in sorted(report.groups.items())]
            print("\n".join([str(path), *table(rows)]), flush=True)
        for problem in report.problems:
            print(f"  {problem}", file=sys.stderr)
    if args.json:
        print(json.dumps(reports, ensure_ascii=False, indent=2, default=str))


def notify(args: argparse.Namespace, site: Site) -> None:
    """Write a campaign's notice to everybody who has not had it, and send what is due."""
    from demur.people import Use
    from demur.policy import regimes
    from demur.rights import mail, notice

    counts = notice.announce(
        campaign=args.campaign,
        uses=[Use(use) for use in args.use] or None,
        countries=args.country,
        remind_after=args.remind_after,
        now=now(),
        regimes=regimes.load(),
    )
    sent = mail.send_due(now())
    rows = [*dataclasses.asdict(counts).items(), ("letters sent", sent)]
    show(args, dict(rows), lambda: table(rows))


def remind(args: argparse.Namespace, site: Site) -> None:
    """Write once more to those who gave no sign of having read a notice, and send what is due."""
    from demur.policy import regimes
    from demur.rights import mail, notice

    queued = notice.remind(now=now(), regimes=regimes.load())
    rows = [("reminders", queued), ("letters sent", mail.send_due(now()))]
    show(args, dict(rows), lambda: table(rows))


def mailbox(args: argparse.Namespace, site: Site) -> None:
    """Take the mail that came: a clear No counts at once, a returned notice was not delivered."""
    from demur.rights import mail
    from demur.rights import mailbox as incoming

    taken = incoming.fetch(site, now())
    rows = [("mails taken", taken), ("letters sent", mail.send_due(now()))]
    show(args, dict(rows), lambda: table(rows))


def build(args: argparse.Namespace, site: Site) -> None:
    """Let the law decide post by post, and write what is kept as one manifest a shard."""
    from demur import worker

    manifests = worker.build(site, now=now())
    rows = [(f"shard {m.shard}", m.posts) for m in manifests]
    value = [{"shard": m.shard, "root": m.root, "posts": m.posts} for m in manifests]
    show(args, value, lambda: ["posts kept:", *table(rows)])


def train(args: argparse.Namespace, site: Site) -> None:
    """Train what the manifests ask for and no finished slice holds yet, then release it."""
    from demur import worker

    release = worker.train(site, now=now, progress=lambda line: print(line, file=sys.stderr))
    show(
        args,
        {"model": release.name},
        lambda: [f"released model {release.name[:16]}"],
    )


def serve(args: argparse.Namespace, site: Site) -> None:
    """Serve the privacy centre, the assistant, the API and the log's tiles."""
    from demur.site.serve import run

    run(site)


def work(args: argparse.Namespace, site: Site) -> None:
    """The worker: send letters, and where the models wanted differ from those served, rebuild."""
    from demur import worker

    for line in worker.work(site, now=now, once=args.once):
        print(line, flush=True)


def bot(args: argparse.Namespace, site: Site) -> None:
    """Answer mentions on the Mastodon server of [bot], and take down what may not be shown."""
    from demur.assistant.answer import Assistant
    from demur.bot.bot import Bot
    from demur.bot.server import Server
    from demur.site.folder import password

    token = password(site, "bot.key")
    if not site.config.bot or not token:
        raise Refusal("Write the server under [bot] in demur.toml and its token in keys/bot.key.")
    standing = standing_of(site)
    speaks = Bot(
        site,
        Server(site.config.bot, token, now),
        Assistant.open(site.root, standing, engine=site.engine),
        standing,
        now,
    )
    for line in speaks.run(once=args.once):
        print(line, flush=True)


def ask(args: argparse.Namespace, site: Site) -> None:
    """Ask the assistant one question."""
    from demur.assistant import chat
    from demur.assistant.answer import Assistant
    from demur.assistant.said import Message, Sampling

    asked = [Message(role="user", text=args.text)]
    assistant = Assistant.open(site.root, standing_of(site), engine=site.engine)
    speak(args, chat.reply(assistant, asked, Sampling(seed=args.seed)))


def translate(args: argparse.Namespace, site: Site) -> None:
    """Translate a text between Dutch and English, with what people here translated at hand."""
    from demur.assistant import translation
    from demur.assistant.answer import Assistant

    assistant = Assistant.open(site.root, standing_of(site), engine=site.engine)
    speak(args, translation.translate(assistant, args.text, args.into))


def write(args: argparse.Namespace, site: Site) -> None:
    """Draft a text, beside the posts it leans on; or sum a text up."""
    from demur.assistant import writing
    from demur.assistant.answer import Assistant
    from demur.assistant.said import Sampling

    brief = writing.Brief(
        about=args.about, form=args.form, tone=args.tone, length=args.length, language=args.language
    )
    assistant = Assistant.open(site.root, standing_of(site), engine=site.engine)
    speak(args, writing.write(assistant, brief, Sampling(seed=args.seed)))


def speak(args: argparse.Namespace, pieces: Iterator[str | Answer]) -> None:
    """Print what is said as it is said, or the whole Answer as JSON; and log its runs of words."""
    from demur.assistant.said import Answer
    from demur.rights import answers

    for piece in pieces:
        if not isinstance(piece, Answer):
            if not args.json:
                print(piece, end="", flush=True)
            continue
        answers.log(piece.text, surface="cli", model=piece.model or "", now=now())
        if args.json:
            print(json.dumps(dataclasses.asdict(piece), ensure_ascii=False, indent=2))
            continue
        print()
        for citation in piece.citations:
            print(f"[{citation.number}] {citation.account} {citation.url or ''}")
        if not piece.memories:
            print("(The community's memories are off: the base model spoke alone.)")


def draw(args: argparse.Namespace, site: Site) -> None:
    """Draw a picture of what is described; the file says in itself what drew it."""
    from demur.assistant import images
    from demur.assistant.answer import Assistant
    from demur.errors import NotAllowed

    credential = site.picture_credential(now())
    assistant = Assistant.open(site.root, standing_of(site), credential=credential)
    drawing = images.draw(assistant, args.text, seed=args.seed, size=args.size)
    if drawing.declined:
        raise NotAllowed(drawing.declined)
    args.out.write_bytes(drawing.png)
    said: dict[str, Any] = {"out": str(args.out), "drew": drawing.drew, "note": drawing.note}
    said |= {"parts": drawing.parts, "shards": drawing.shards}
    parts = "; ".join(drawing.parts)
    show(
        args,
        said,
        lambda: [f"{args.out}, drawn by: {drawing.drew} ({parts})", *filter(None, [drawing.note])],
    )


def trace(args: argparse.Namespace, site: Site) -> None:
    """Find the public posts whose words a text repeats."""
    from demur.assistant import tracing
    from demur.assistant.answer import Assistant

    spans = tracing.trace(Assistant.open(site.root, standing_of(site)), args.text)
    show(
        args,
        [dataclasses.asdict(span) for span in spans],
        lambda: (
            [f"{args.text[s.start : s.end]!r}: {', '.join(s.post_ids)}" for s in spans]
            or ["No post that may be shown has these words."]
        ),
    )


def explain(args: argparse.Namespace, site: Site) -> None:
    """Say what is decided about a post, or about every post of an account, with all reasons."""
    from demur import worker

    decided = worker.explain(site, args.what, now=now())
    show(
        args,
        [
            {
                "post": each.stored.id,
                "outcome": each.decision.outcome,
                "reasons": [reason.rule for reason in each.decision.reasons],
                "facts": list(each.words()),
            }
            for each in decided
        ],
        lambda: (
            [f"{each.stored.id}  {' '.join(each.sentences(args.language))}" for each in decided]
            or ["Nothing of theirs is stored."]
        ),
    )


def object_(args: argparse.Namespace, site: Site) -> None:
    """Enter a No that came by letter. It takes effect before this command ends."""
    from demur.rights import objection, people, receipt

    person = people.find(args.account)
    said = objection.submit(person, route="letter", email=args.email, reason=args.reason, now=now())
    text = receipt.text(said)
    out = args.out or Path(f"objection-{said.entry.index}.tlog-proof")
    out.write_text(text, encoding="utf-8")
    show(
        args,
        {"line": said.entry.index, "receipt": str(out)},
        lambda: [
            f"Line {said.entry.index} of the book. Nothing of theirs is used from now on.",
            f"Receipt: {out}. Check it: demur verify {out}",
            f"The shard is retrained by `demur work --site {site.root}`.",
        ],
    )


def withdraw(args: argparse.Namespace, site: Site) -> None:
    """Enter that somebody took a No back, after strong proof that it was them who asked."""
    from demur.errors import NotFound
    from demur.rights import objection, people

    person = people.find(args.account)
    only = None
    if args.line is not None:
        theirs = objection.standing_objections(person)
        only = next((said for said in theirs if said.entry_id == args.line), None)
        if only is None:
            raise NotFound(f"No No of theirs stands in line {args.line}; leave out --line for all.")
    back = objection.withdraw(person, only=only, now=now())
    show(
        args,
        {"line": back.withdrawn_entry_id},
        lambda: [f"Line {back.withdrawn_entry_id} of the book. The next build decides anew."],
    )


def erase(args: argparse.Namespace, site: Site) -> None:
    """Erase a person: what they wrote, and what we know of them; their No stays."""
    from demur.rights import erasure, people

    person = people.find(args.account)
    posts = erasure.erase(site, person, now=now())
    show(
        args,
        {"person": person.pk, "posts": posts},
        lambda: [
            f"{posts} posts are gone, and so is what was known about them. Their No stays.",
            f"Models without them are made by `demur work --site {site.root}`.",
        ],
    )


def group(args: argparse.Namespace, site: Site) -> None:
    """Say that a group has closed, is open again, or is public by your records."""
    from demur.rights import groups

    if args.deed == "close":
        groups.close(args.name, by=args.by, now=now())
        said = "Nothing posted in it is used from now on."
    elif args.deed == "open":
        groups.reopen(args.name, by=args.by, now=now())
        said = "The next build decides its posts anew."
    else:
        groups.declare(args.name, now=now())
        said = "Its posts count as public at the next build."
    show(args, {"group": args.name, "deed": args.deed}, lambda: [said])


def hold(args: argparse.Namespace, site: Site) -> None:
    """Halt the use of a platform, a country, a group or a kind, until it is lifted."""
    from demur.people import Scope
    from demur.rights import hold as holds

    kinds = (args.kind,) if args.kind else ()
    scope = Scope(platform=args.platform, country=args.country, group=args.group, kinds=kinds)
    placed = holds.place(scope, by=args.by, now=now())
    show(
        args,
        {"hold": placed.pk},
        lambda: [f"Hold {placed.pk} stands. Lift it: demur lift {placed.pk}"],
    )


def lift(args: argparse.Namespace, site: Site) -> None:
    """Propose to lift a hold, or confirm it as somebody else: it takes two people."""
    from demur.rights import proposals, roles

    user = roles.known(args.by)
    waits = proposals.waiting().filter(kind=proposals.LIFT, about=str(args.hold)).first()
    if waits is None or waits.by_id == user.pk:
        proposals.lift(args.hold, by=user, now=now())
        said = f"Proposed. Somebody else confirms it: demur lift {args.hold} --by THEIR-NAME"
    else:
        proposals.confirm(waits.pk, by=user, now=now())
        said = f"Hold {args.hold} is lifted. What it covered comes back when it has been built."
    lifted = waits is not None and waits.by_id != user.pk
    show(args, {"hold": args.hold, "lifted": lifted}, lambda: [said])


def authority(args: argparse.Namespace, site: Site) -> None:
    """Register a supervisory authority, count what its order would silence, or obey the order."""
    deeds = {
        "add": add_authority,
        "list": list_authorities,
        "retire": retire_authority,
        "dry-run": count_order,
        "order": obey_order,
    }
    if args.what is None and args.deed != "list":
        raise Refusal(f"Say which: demur authority {args.deed} NAME or FILE.")
    deeds[args.deed](args)


def add_authority(args: argparse.Namespace) -> None:
    from demur.rights import authority as authorities
    from demur.rights import roles

    user, password = roles.sign_in(args.user) if args.user else (None, "")
    made = authorities.add(args.what, args.key, countries=args.country, user=user, now=now())
    said = [f"{made.name} is registered: line {made.entry_id} of the book."]
    said += [f"{args.user} signs in with {password}"] if password else []
    value = {"authority": made.name, "line": made.entry_id, "password": password}
    show(args, value, lambda: said)


def list_authorities(args: argparse.Namespace) -> None:
    from demur.rights import models

    rows = list(
        models.Authority.objects.order_by("name").values("name", "key", "countries", "active")
    )
    show(
        args,
        rows,
        lambda: [
            f"{row['name']}  {' '.join(row['countries']) or 'everywhere'}"
            f"{'' if row['active'] else '  retired'}\n  {row['key']}"
            for row in rows
        ],
    )


def retire_authority(args: argparse.Namespace) -> None:
    from demur.errors import NotFound
    from demur.rights import authority as authorities
    from demur.rights import models

    found = models.Authority.objects.filter(name=args.what).first()
    if found is None:
        raise NotFound("No authority has that name; `demur authority list` shows them.")
    authorities.retire(found, now=now())
    show(args, {"retired": found.name}, lambda: ["Its orders are not taken any more."])


def count_order(args: argparse.Namespace) -> None:
    from demur.rights import authority as authorities

    fall = authorities.dry_run(order_in(args.what), now=now())
    rows = [("posts", fall.posts or 0), ("people", fall.people or 0)]
    rows += [("shards", len(fall.shards)), ("models", len(fall.models))]
    rows += [(name, count or 0) for name, count in fall.by.items()]
    show(args, fall.to_json(), lambda: ["What would fall:", *table(rows)])


def obey_order(args: argparse.Namespace) -> None:
    from demur.rights import authority as authorities

    done = authorities.obey(order_in(args.what), now=now())
    line = done.lifted_entry_id if done.lifted_at else done.entry_id
    what = "lifted" if done.lifted_at else "halted"
    show(args, {"hold": done.pk, "done": what, "line": line}, lambda: [f"{what}: line {line}"])


def order_in(path: str) -> str:
    """The text of a signed order."""
    from demur.errors import NotFound

    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(f"{path} cannot be read; give the file of a signed order.") from error


def operator(args: argparse.Namespace, site: Site) -> None:
    """Give somebody a role at the desk, with a sign-in if they have none; or list who has which."""
    from django.contrib.auth.models import User

    from demur.rights import roles

    if args.name is None:
        staff = User.objects.filter(is_staff=True, is_active=True).order_by("username")
        rows = [{"name": each.username, "roles": sorted(roles.of(each))} for each in staff]
        show(args, rows, lambda: [f"{row['name']}: {', '.join(row['roles'])}" for row in rows])
        return
    user, password = roles.sign_in(args.name)
    roles.appoint(user, roles.Role(args.role))
    said = [f"{args.name} is {args.role}.", *([f"Password: {password}"] if password else [])]
    show(args, {"name": args.name, "role": args.role, "password": password}, lambda: said)


def request(args: argparse.Namespace, site: Site) -> None:
    """Open a request that came by letter, list those that wait, look for the proof, or grant one.
    Refusing needs two people at the desk."""
    from uuid import UUID

    from demur.errors import NotFound
    from demur.rights import decisions, deletion, models, people

    if args.deed == "list":
        waits = models.Request.objects.filter(state__in=decisions.WAITING).order_by("due")
        rows = [(f"{row.pk}  due {row.due}  {row.state} {row.reason}", row.route) for row in waits]
        value = [{"request": str(row.pk), "due": row.due, "state": row.state} for row in waits]
        show(args, value, lambda: [f"{text}  by {by}" for text, by in rows] or ["Nothing waits."])
        return
    if args.deed == "open":
        asked = deletion.open_(people.find(args.what), route="letter", now=now())
    else:
        try:
            asked = models.Request.objects.get(pk=UUID(args.what))
        except (ValueError, models.Request.DoesNotExist):
            raise NotFound("There is no such request; `demur request list` shows them.") from None
        if args.deed == "search":
            deletion.search(site, asked, now=now())
        else:
            decisions.accept(asked, now=now())
    asked = decisions.fresh(asked)
    show(
        args,
        {"request": str(asked.pk), "state": asked.state, "evidence": asked.evidence},
        lambda: [
            f"{asked.pk}  {asked.state}, due {asked.due}, {len(asked.evidence)} pieces of evidence",
            "Nothing of theirs is used." if asked.restricted or asked.state == "fulfilled" else "",
        ],
    )


def agent(args: argparse.Namespace, site: Site) -> None:
    """Register an organisation that may object for people, list them, or stop one."""
    from demur.rights import agents, models

    if args.deed == "add":
        if not args.id or not args.key:
            raise Refusal("Say who and with which key: demur agent add ID --name N --key K")
        agents.add(args.id, name=args.name or args.id, key=args.key, now=now())
    elif args.deed == "stop":
        agents.stop(args.id, now=now())
    many = set(agents.flagged(now()))
    rows = list(models.Agent.objects.order_by("pk"))
    value = [
        {"agent": row.pk, "name": row.name, "active": row.active, "many": row in many}
        for row in rows
    ]
    show(
        args,
        value,
        lambda: (
            [
                f"{row.pk}  {row.name}  {'may object' if row.active else 'stopped'}"
                f"{', sends very many' if row in many else ''}"
                for row in rows
            ]
            or ["No agent is registered."]
        ),
    )


def verify(args: argparse.Namespace) -> None:
    """Check a receipt or a signed head, offline, without trusting the operator."""
    from demur.verify import verify_file

    verdict = verify_file(
        args.file, key=args.key, against=args.against, witnesses=tuple(args.witness)
    )
    value = {"verified": True, "unwitnessed": verdict.unwitnessed, "lines": list(verdict.lines)}
    show(args, value, lambda: list(verdict.lines))


def rebuild(args: argparse.Namespace, site: Site) -> None:
    """Retrain a shard from its manifest, from nothing, and compare every byte."""
    from demur import worker

    digests = worker.rebuild(site, args.shard, progress=lambda line: print(line, file=sys.stderr))
    show(
        args,
        {"shard": args.shard, "digests": list(digests)},
        lambda: [f"shard {args.shard}: {len(digests)} slices, the same bytes.", *digests],
    )


def key(args: argparse.Namespace, site: Site) -> None:
    """Make a key for the API, which is shown once; list the keys there are; or revoke one."""
    from demur.web import keys
    from demur.web.models import ApiKey

    if args.deed == "add":
        if not args.what:
            raise Refusal("Say what it is for: demur key add 'the newsletter'.")
        text = keys.create(
            args.what,
            now(),
            scopes=args.scope or ["chat"],
            requests_a_minute=args.requests_a_minute,
            tokens_a_day=args.tokens_a_day,
        )
        show(args, {"key": text}, lambda: [text])
        return
    if args.deed == "revoke":
        if not args.what.isdecimal():
            raise Refusal("Say which: demur key revoke NUMBER. `demur key list` shows them.")
        keys.revoke(int(args.what), now())
    names = ("scopes", "requests_a_minute", "tokens_a_day", "created", "expires", "revoked_at")
    rows = list(ApiKey.objects.order_by("pk").values("id", "label", *names))
    show(
        args,
        rows,
        lambda: (
            [
                f"{row['id']}  {row['label']}  {' '.join(row['scopes'])}"
                f"  {row['requests_a_minute']:,} requests a minute,"
                f" {row['tokens_a_day']:,} tokens a day, {_until(row)}"
                for row in rows
            ]
            or ["There is no key."]
        ),
    )


def _until(row: dict[str, Any]) -> str:
    if row["revoked_at"]:
        return f"revoked {row['revoked_at']:%Y-%m-%d}"
    return f"until {row['expires']:%Y-%m-%d}"


def demo(args: argparse.Namespace) -> None:
    """Make a site of the built-in village, tell its story, and serve it."""
    from demur.site.folder import create

    if not (args.site / "demur.toml").exists():
        create(args.site, name="Tureluur", origin="tureluur.example/log", shards=4, slices=3)
    site = site_of(args)
    from demur import demo as story  # its rooms need Django, which `site_of` has set up

    def say(text: str) -> None:
        print(text, flush=True)

    with ExitStack() as served:

        def ready() -> None:
            if not args.once:
                served.enter_context(story.beside(site, "serve"))
                story.address(site, say)

        if story.told(site):
            ready()
        else:
            story.tell(site, say=say, clock=now, ready=ready)
        if not args.once:
            worker = served.enter_context(story.beside(site, "work"))
            say("\nStop with Ctrl-C. `make run` starts it again within seconds.")
            worker.wait()


def parser() -> argparse.ArgumentParser:  # noqa: PLR0915  (a list, read from top to bottom)
    from demur.policy.wording import LANGUAGES

    top = argparse.ArgumentParser(
        prog="demur",
        description="AI trained on a community's public posts, that takes no for an answer.",
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Command, example: str) -> argparse.ArgumentParser:
        says = " ".join((run.__doc__ or "").split())
        one = commands.add_parser(
            name,
            help=says,
            description=textwrap.fill(says, 96),
            epilog=f"example: {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        one.set_defaults(run=run)
        one.add_argument("--json", action="store_true", help="print JSON")
        if name not in OPEN_NO_SITE | {"demo"}:
            one.set_defaults(open_site=True)
        if name not in OPEN_NO_SITE:
            default = Path("site") if name == "demo" else Path()
            one.add_argument(
                "--site", type=Path, default=default, metavar="DIR", help="the site folder"
            )
        return one

    c = command("init", init, 'demur init dorp --name "Dorp" --origin dorp.example/log')
    c.add_argument("folder", type=Path)
    c.add_argument("--name", default="Our community")
    c.add_argument("--origin", default="localhost/log", help="the log's name, for ever")
    c.add_argument("--language", default="en", choices=LANGUAGES)
    c.add_argument("--shards", type=int, default=16)
    c.add_argument("--slices", type=int, default=4)
    c.add_argument("--base", default="smollm2", help="smollm2, a model folder or a GGUF file")

    c = command("import", import_, "demur import anna.zip --as facebook --audience public")
    c.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    c.add_argument("--as", dest="platform", help="what it is, where that cannot be seen")
    c.add_argument(
        "--audience", choices=("public",), help="who could see posts that do not say so themselves"
    )
    c.add_argument("--group", action="append", default=[], help="a group whose posts are public")

    c = command("notify", notify, "demur notify --campaign first --remind-after 14")
    c.add_argument("--campaign", default="first", help="its name; a new use needs a new one")
    c.add_argument(
        "--use", action="append", default=[], metavar="USE",
        choices=("training", "answers", "search", "translation"),
        help="what it is about: training, answers, search or translation",
    )  # fmt: skip
    c.add_argument("--country", action="append", default=[], help="only people who live there")
    c.add_argument("--remind-after", type=int, default=None, metavar="DAYS", help="for remind")
    command("remind", remind, "demur remind")
    command("mailbox", mailbox, "demur mailbox")
    command("build", build, "demur build")
    command("train", train, "demur train")
    command("serve", serve, "demur serve")
    c = command("work", work, "demur work --once")
    c.add_argument("--once", action="store_true", help="do what is due and stop")

    c = command("bot", bot, "demur bot")
    c.add_argument("--once", action="store_true", help="one round, and stop")

    c = command("ask", ask, 'demur ask "Waar kan ik mooi wandelen?"')
    c.add_argument("text")
    c.add_argument("--seed", type=int, default=None)
    c = command("draw", draw, 'demur draw "een kat naast een boom" --out kat.png')
    c.add_argument("text", help="what to draw, in English or Dutch")
    c.add_argument("--out", type=Path, required=True, help="the PNG file to write")
    c.add_argument("--seed", type=int, help="draw the same picture again")
    c.add_argument("--size", type=int, default=512, help="pixels of each side, 64 to 1024")
    c = command("translate", translate, 'demur translate "De pont vaart niet." --into en')
    c.add_argument("text")
    c.add_argument("--into", required=True, choices=("en", "nl"))
    c = command("write", write, 'demur write "inspiration for a walking tour" --language en')
    c.add_argument("about", help="what to write about; for a summary, the text to sum up")
    c.add_argument(
        "--form",
        default="text",
        choices=("text", "email", "post", "letter", "invitation", "summary"),
    )
    c.add_argument("--tone", default="plain", choices=("plain", "friendly", "formal"))
    c.add_argument("--length", default="short", choices=("short", "medium", "long"))
    c.add_argument("--language", default="en", choices=("en", "nl"))
    c.add_argument("--seed", type=int, default=None)
    c = command("trace", trace, 'demur trace "de pont van kwart over zeven"')
    c.add_argument("text")
    c = command("explain", explain, "demur explain @anna")
    c.add_argument("what", metavar="POST|ACCOUNT")
    c.add_argument("--language", default="en", choices=LANGUAGES)

    c = command("object", object_, "demur object @anna --email anna@example.org")
    c.add_argument("account")
    c.add_argument("--email", default=None, help="where the receipt goes, if elsewhere")
    c.add_argument("--reason", default="", help="never required, never judged")
    c.add_argument("--out", type=Path, default=None, help="where to write the receipt")

    c = command("withdraw", withdraw, "demur withdraw @anna --line 12")
    c.add_argument("account")
    c.add_argument("--line", type=int, default=None, help="the No to take back, if not all")
    c = command("erase", erase, "demur erase @anna")
    c.add_argument("account")
    c = command("group", group, "demur group close 'Wandelen op Tureluur'")
    c.add_argument("deed", choices=("close", "open", "declare"))
    c.add_argument("name", metavar="NAME")
    c.add_argument("--by", default="operator")

    c = command("request", request, "demur request open @anna")
    c.add_argument("deed", choices=("open", "list", "search", "grant"))
    c.add_argument("what", nargs="?", default="", metavar="ACCOUNT|REQUEST")
    c = command("agent", agent, "demur agent add RIGHTS_OFFICE --name 'Rights Office' --key HEX")
    c.add_argument("deed", choices=("add", "list", "stop"))
    c.add_argument("id", nargs="?", default="", metavar="ID")
    c.add_argument("--name", default="")
    c.add_argument("--key", default="", help="Ed25519: base64, or hexadecimals as in DRP")

    c = command("hold", hold, "demur hold --country NL --by 'the data protection officer'")
    c.add_argument("--platform")
    c.add_argument("--country")
    c.add_argument("--group")
    c.add_argument("--kind")
    c.add_argument("--by", default="operator")
    c = command("lift", lift, "demur lift 1 --by ina")
    c.add_argument("hold", type=int)
    c.add_argument("--by", required=True, help="a sign-in with a role; a second one confirms")

    c = command("authority", authority, "demur authority order halt.note")
    c.add_argument("deed", choices=("add", "list", "dry-run", "order", "retire"))
    c.add_argument("what", nargs="?", metavar="NAME|FILE")
    c.add_argument("--key", default="", help="the authority's C2SP verifier key")
    c.add_argument("--country", action="append", default=[], help="where its orders hold")
    c.add_argument("--user", default="", help="a sign-in for the read-only portal")
    c = command("operator", operator, "demur operator ina --role auditor")
    c.add_argument("name", nargs="?")
    c.add_argument(
        "--role", default="operator", choices=("operator", "data protection officer", "auditor")
    )

    c = command("verify", verify, "demur verify objection-12.tlog-proof")
    c.add_argument("file", type=Path)
    c.add_argument("--witness", action="append", default=[], help="an outside witness's key")
    c.add_argument("--key", default=None, help="the operator's published key")
    c.add_argument("--against", type=Path, default=None, help="another head or receipt of this log")

    c = command("rebuild", rebuild, "demur rebuild 3")
    c.add_argument("shard", type=int)
    c = command("key", key, "demur key add 'the newsletter' --scope chat --scope embeddings")
    c.add_argument("deed", choices=("add", "list", "revoke"))
    c.add_argument("what", nargs="?", default="", metavar="LABEL|NUMBER")
    c.add_argument(
        "--scope", action="append", default=[], metavar="SCOPE",
        choices=("chat", "embeddings", "images", "metrics"),
        help="what it opens: chat (if not said), embeddings, images or metrics",
    )  # fmt: skip
    c.add_argument("--requests-a-minute", type=int, default=60)
    c.add_argument("--tokens-a-day", type=int, default=200_000)
    c = command("demo", demo, "demur demo --once")
    c.add_argument("--once", action="store_true", help="tell the story and stop")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    args = parser().parse_args(argv)
    try:
        if getattr(args, "open_site", False):
            args.run(args, site_of(args))  # first: the rooms that a command enters need Django
        else:
            args.run(args)
    except ProofRejected as rejected:
        print(f"demur: REJECTED: {rejected}", file=sys.stderr)
        return 1
    except Refusal as refusal:
        print(f"demur: {refusal}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # somebody read as much as they wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
