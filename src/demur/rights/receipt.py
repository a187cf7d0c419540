"""Receipts: what a person holds in hand after a No, and the lines that later say what happened.

A receipt verifies without us (`demur verify`). Nothing here decides or changes anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from demur.errors import NotFound
from demur.people import PersonId
from demur.rights import book, models, people, release
from demur.rights.place import here
from demur.tlog import absence
from demur.tlog import receipt as paper
from demur.tlog import release as served
from demur.tlog.absence import Role

LATER = ("shard_dropped", "shard_retrained", "purge_done", "served", "retired")

WORDS = {
    "en": {
        "objection": "You objected. From this line on nobody may use what you wrote.",
        "objection_narrowed": "You objected to a part. From this line on nobody may use that part.",
        "objection_withdrawn": "You took your objection back.",
        "undone": "The objection was undone: somebody else had made it.",
        "shard_dropped": "The part of the model that had learned from you was taken out.",
        "shard_retrained": "That part was trained again without you.",
        "purge_done": "What was kept of your posts for search and tracing was erased.",
        "served": "A model was put into service; the proof shows that you are not in it.",
        "served_with": "A model was put into service that still held posts of yours.",
        "retired": "A model was taken out of service.",
    },
    "nl": {
        "objection": "U maakte bezwaar. Vanaf deze regel mag niemand gebruiken wat u schreef.",
        "objection_narrowed": "U maakte bezwaar tegen een deel. Vanaf deze regel mag niemand dat"
        " deel gebruiken.",
        "objection_withdrawn": "U hebt uw bezwaar ingetrokken.",
        "undone": "Het bezwaar is ongedaan gemaakt: iemand anders had het ingediend.",
        "shard_dropped": "Het deel van het model dat van u geleerd had, is eruit gehaald.",
        "shard_retrained": "Dat deel is opnieuw getraind zonder u.",
        "purge_done": "Wat van uw berichten bewaard was om te zoeken en te herleiden, is gewist.",
        "served": "Er is een model in dienst genomen; het bewijs laat zien dat u er niet in zit.",
        "served_with": "Er is een model in dienst genomen waar nog berichten van u in zaten.",
        "retired": "Er is een model buiten dienst gesteld.",
    },
    "de": {
        "objection": "Sie haben widersprochen. Von dieser Zeile an darf niemand mehr verwenden, was"
        " Sie geschrieben haben.",
        "objection_narrowed": "Sie haben einem Teil widersprochen. Von dieser Zeile an darf niemand"
        " mehr diesen Teil verwenden.",
        "objection_withdrawn": "Sie haben Ihren Widerspruch zurückgenommen.",
        "undone": "Der Widerspruch ist rückgängig gemacht: Er kam von jemand anderem.",
        "shard_dropped": "Der Teil des Modells, der von Ihnen gelernt hatte, ist herausgenommen.",
        "shard_retrained": "Dieser Teil ist neu trainiert, ohne Sie.",
        "purge_done": "Was von Ihren Beiträgen zum Suchen und Zurückverfolgen aufbewahrt wurde,"
        " ist gelöscht.",
        "served": "Ein Modell ist in Betrieb gegangen; der Nachweis zeigt, dass Sie nicht darin"
        " sind.",
        "served_with": "Ein Modell ist in Betrieb gegangen, das noch Beiträge von Ihnen enthielt.",
        "retired": "Ein Modell ist außer Betrieb genommen.",
    },
    "fr": {
        "objection": "Vous avez fait opposition. À partir de cette ligne, personne ne peut utiliser"
        " ce que vous avez écrit.",
        "objection_narrowed": "Vous avez fait opposition à une partie. À partir de cette ligne,"
        " personne ne peut utiliser cette partie.",
        "objection_withdrawn": "Vous avez retiré votre opposition.",
        "undone": "L’opposition a été annulée : elle venait de quelqu’un d’autre.",
        "shard_dropped": "La partie du modèle qui avait appris de vous a été retirée.",
        "shard_retrained": "Cette partie a été entraînée à nouveau, sans vous.",
        "purge_done": "Ce qui était gardé de vos publications pour chercher et retracer a été"
        " effacé.",
        "served": "Un modèle a été mis en service ; la preuve montre que vous n’y êtes pas.",
        "served_with": "Un modèle où se trouvaient encore des publications de vous a été mis en"
        " service.",
        "retired": "Un modèle a été mis hors service.",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the book that concerns a person since they objected."""

    index: int
    kind: str
    at: datetime
    objection: models.Objection
    narrowed: bool = False  # the No of this line covers a part only

    def words(self, language: str) -> str:
        """What happened; who speaks another language than those of WORDS gets English."""
        what, language = self.kind, language.partition("-")[0].lower()
        if what == "objection" and self.narrowed:
            what = "objection_narrowed"
        if what == "served" and any(_standing(self.index, self.objection).values()):
            what = "served_with"
        return WORDS[language if language in WORDS else "en"][what]

    @property
    def proof(self) -> str:
        """The `.tlog-proof`, with a proof of absence where a model was served."""
        missing = None
        if self.kind == "served":
            missing = _absence(self.index, self.objection)
        return _write(self.index, missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A model that held posts of somebody, or mentions of them, while it was in service.

    until: none while it is. silent_from: the first No to everything, from which on nothing of
    theirs was used in it although it was still in service.
    """

    model: str
    line: int  # of the book, that put it into service
    role: Role
    since: datetime
    until: datetime | None
    silent_from: datetime | None


def periods(person: models.Person) -> list[Period]:
    """Every released model that contained this person, from when to when, oldest first.

    Read from the lines of the book and the sets that they commit to, so that an objection "from
    now on" cannot hide what was before.
    """
    secrets = [bytes(member.secret) for member in people.family(person)]
    served_lines = _served()
    quiet = _first_no(person)
    found = []
    for (index, since, made), until in served_lines:
        for role in Role:
            tags = [absence.tag(secret, made.model, role) for secret in secrets]
            if release.holds(here().log, made, tags):
                found.append(
                    Period(
                        model=made.model,
                        line=index,
                        role=role,
                        since=since,
                        until=until,
                        silent_from=quiet and max(quiet, since),
                    )
                )
    return found


def _served() -> list[tuple[tuple[int, datetime, served.Release], datetime | None]]:
    """Every release with the moment at which the next one, or none, took its place."""
    rows = models.Opening.objects.filter(entry__kind__in=("served", "retired"))
    lines = list(
        rows.order_by("entry").values_list("entry_id", "entry__kind", "entry__at", "payload")
    )
    ends = [*(at for _, _, at, _ in lines[1:]), None][: len(lines)]  # no line, no end
    return [
        ((index, at, served.read(payload)), end)
        for (index, kind, at, payload), end in zip(lines, ends, strict=True)
        if kind == "served"
    ]


def _first_no(person: models.Person) -> datetime | None:
    """Since when a No of theirs to everything has stood without a break; none: it does not."""
    standing = models.Objection.objects.filter(
        person__in=people.family(person), scope_key="{}", withdrawn_at=None
    )
    return standing.order_by("entry").values_list("at", flat=True).first()


def text(objection: models.Objection) -> str:
    """The receipt of a No: a `.tlog-proof` under the head that was signed together with it."""
    return _write(objection.entry_id, None)


def lines(person: models.Person) -> list[Line]:
    """What the book says about this person since their first No, oldest first.

    Empty for somebody who never objected.
    """
    objections = models.Objection.objects.filter(person__in=people.family(person))
    first = objections.order_by("entry").first()
    if first is None:
        return []
    own = [objection.entry_id for objection in objections]
    narrowed = {objection.entry_id for objection in objections if objection.scope}
    own += [o.withdrawn_entry_id for o in objections if o.withdrawn_entry_id is not None]
    rows = models.Entry.objects.filter(index__in=own) | models.Entry.objects.filter(
        index__in=list(_later(first, people.whole(person)))
    )
    return [
        Line(
            index=row.index,
            kind=row.kind,
            at=row.at,
            objection=first,
            narrowed=row.index in narrowed,
        )
        for row in rows.order_by("index")
    ]


def _later(first: models.Objection, person: models.Person) -> Iterator[int]:
    """Lines after the No that name a shard this person lives or lived in, or none."""
    home = here().home
    shards = {home.shard(PersonId(member.pk)) for member in people.family(person)}
    rows = models.Opening.objects.filter(entry__index__gt=first.entry_id, entry__kind__in=LATER)
    for index, payload in rows.values_list("entry_id", "payload"):
        if payload.get("shard") is None or payload["shard"] in shards:
            yield index


def _write(index: int, missing: paper.Absence | None) -> str:
    line, proof = _line(index, index + 1), book.inclusion(index)
    return paper.write_receipt(
        index=index,
        path=line.path,
        checkpoint=proof.checkpoint,
        leaf=line.leaf,
        opening=line.opening,
        vkey=str(book.key(here())),
        absence=missing,
    )


def _line(index: int, size: int) -> paper.Line:
    entry = models.Entry.objects.filter(pk=index).first()
    if entry is None:
        raise NotFound(f"The book has no line {index}; look at its head.")
    return paper.Line(
        index=index,
        path=book.inclusion(index, size).path,
        leaf=bytes(entry.leaf),
        opening=book.opening(entry),
    )


def _absence(index: int, objection: models.Objection) -> paper.Absence:
    """Where the objector would stand in the set that line `index` committed to.

    The line of their No is what shows that the secret is theirs.
    """
    _, proofs = _paths(index, objection)
    return paper.Absence(
        secret=bytes(objection.person.secret),
        seen=_line(objection.entry_id, index + 1),
        author=proofs[Role.AUTHOR],
        mention=proofs[Role.MENTION],
    )


def _standing(index: int, objection: models.Objection) -> dict[Role, bool]:
    made, proofs = _paths(index, objection)
    secret = bytes(objection.person.secret)
    return {
        role: absence.present(made.people_root, absence.tag(secret, made.model, role), path)
        for role, path in proofs.items()
    }


def _paths(
    index: int, objection: models.Objection
) -> tuple[served.Release, dict[Role, absence.AbsenceProof]]:
    entry = models.Entry.objects.get(pk=index)
    made = served.read(book.opening(entry).payload)
    tree = release.tree(here().log, made)
    secret = bytes(objection.person.secret)
    return made, {role: tree.prove(absence.tag(secret, made.model, role)) for role in Role}
