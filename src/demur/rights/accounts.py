"""What an archive tells about accounts and their owners, compared with what we know.

What an archive does not know leaves what we know. A lock is read anew each time, and so is a
machine-readable No by the kind of archive that told of it: whoever switched it off on the platform
has switched it off, while the operator's records, silent about it, have not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from demur.archives import neutral
from demur.people import Account, AccountId, Home, PersonId
from demur.rights import book, erasure, models, people
from demur.tlog import absence, merkle

AT_ONCE = 500  # rows a query
LONGEST = 500  # characters of a handle or name
ACCOUNT = (
    "handle", "name", "country", "locked", "refuses_training", "keys", "declared_audience",
    "memorial",
)  # fmt: skip
PERSON = ("email", "country", "language", "born")


class Changes:
    """What an import would change. `find` compares, `save` writes, both in one transaction."""

    def __init__(
        self,
        told: Iterable[Account],
        owners: Mapping[AccountId, PersonId],
        *,
        source: str,
        audience: str,
        groups: Iterable[str],
        draw: book.Draw,
    ) -> None:
        """source: the kind of archive. audience: who could see the owners' posts where the archive
        does not say; or nothing.

        owners: from `owners_of`. groups: those whose posts are declared public.
        """
        self._told = list(told)
        self._owners = owners
        self._source = source
        self._audience = audience
        self._groups = sorted(set(groups))
        self._draw = draw
        self.new: list[models.Account] = []
        self._changed: list[models.Account] = []
        self._new_people: dict[str, models.Person] = {}
        self._relearned: set[str] = set()

    def find(self) -> None:
        """Compare with the rows as they are now; call with the head of the book locked."""
        rows = rows_of(account.id for account in self._told)
        self._people = _people({row.person_id for row in rows.values()} | {*self._owners.values()})
        for account in self._told:
            self._compare(account, rows.get(account.id))
        known = models.GroupDeclared.objects.filter(pk__in=self._groups)
        self._groups = sorted({*self._groups} - {*known.values_list("pk", flat=True)})

    def __bool__(self) -> bool:
        return bool(self.new or self._changed or self._relearned or self._groups)

    def save(self, line: int) -> None:
        """Write it all, each row with the line of the book that tells of it."""
        for person in self._new_people.values():
            person.seen = person.line = line
        models.Person.objects.bulk_create(self._new_people.values())
        for key in self._relearned - self._new_people.keys():
            self._people[key].line = line
            self._people[key].save(update_fields=[*PERSON, "line"])
        for row in (*self.new, *self._changed):
            row.line = line
        models.Account.objects.bulk_create(self.new)
        for row in self._changed:
            row.save(update_fields=[*ACCOUNT, "line"])
        declared = [models.GroupDeclared(name=name, line=line) for name in self._groups]
        models.GroupDeclared.objects.bulk_create(declared)

    def commitments(self) -> str:
        """The root over what commits to each new person's secret, in hexadecimals."""
        people_ = self._new_people.values()
        return merkle.root_of(sorted(absence.commitment(bytes(p.secret)) for p in people_)).hex()

    def _compare(self, account: Account, row: models.Account | None) -> None:
        if row is None:
            row = models.Account(
                id=account.id, platform=account.platform, person=self._owner(account.id)
            )
            _learn(row, account, self._source, self._audience)
            self.new.append(row)
        else:
            if row.person_id != self._owners[account.id]:  # linked while we were reading
                models.Person.objects.filter(pk=self._owners[account.id]).update(to_move=True)
            if _learn(row, account, self._source, self._audience):
                self._changed.append(row)
        person = self._people[row.person_id]
        before = [getattr(person, name) for name in PERSON]
        people.learn(person, account)
        if [getattr(person, name) for name in PERSON] != before:
            self._relearned.add(person.pk)

    def _owner(self, account: AccountId) -> models.Person:
        wanted = self._owners[account]
        person = self._people.get(wanted)
        if person is None:
            person = models.Person(id=wanted, secret=self._draw(absence.SECRET))
            self._people[wanted] = self._new_people[wanted] = person
        return people.whole(person)


def owners_of(
    accounts: Iterable[AccountId],
    links: Sequence[tuple[AccountId, AccountId]],
    draw: book.Draw,
) -> dict[AccountId, PersonId]:
    """Whose each account is: as we know it, else its linked account's, else somebody new's.

    Accounts that we know as two people's stay so; `people.link` makes one of them.
    """
    named = list(dict.fromkeys([*accounts, *(account for pair in links for account in pair)]))
    known = {AccountId(key): PersonId(row.person_id) for key, row in rows_of(named).items()}
    wanted = {*accounts, *known}
    owners = dict(known)
    for group in _linked([account for account in named if account in wanted], links):
        owner = next((known[account] for account in group if account in known), None)
        person = owner or PersonId(draw(16).hex())
        for account in group:
            owners.setdefault(account, person)
    return owners


def of_the_erased(
    told: Iterable[Account], links: Iterable[tuple[AccountId, AccountId]], home: Home
) -> set[AccountId]:
    """Those among these accounts whose owner was erased: by the account, by its address, or
    because it is said to be the same person's as one of those. Nothing of them is taken in."""
    told = list(told)
    marks = {erasure.account_mark(home, account.id): account.id for account in told}
    by_address = [(erasure.email_mark(home, a.email), a.id) for a in told if a.email]
    found = {marks[mark] for mark in _suppressed("account", marks)}
    gone = _suppressed("email", {mark for mark, _ in by_address})
    found |= {account for mark, account in by_address if mark in gone}
    groups = _linked([account.id for account in told], links)
    return {account for group in groups if found & {*group} for account in group}


def _suppressed(kind: str, marks: Iterable[bytes]) -> set[bytes]:
    every = sorted(marks)
    return {
        bytes(mark)
        for at in range(0, len(every), AT_ONCE)
        for mark in models.Suppression.objects.filter(
            kind=kind, mark__in=every[at : at + AT_ONCE]
        ).values_list("mark", flat=True)
    }


def rows_of(accounts: Iterable[str]) -> dict[str, models.Account]:
    """The accounts that are on record, by their ids."""
    return {
        row.pk: row
        for some in _batches(accounts)
        for row in models.Account.objects.filter(pk__in=some)
    }


def _linked(
    accounts: Iterable[AccountId], links: Iterable[tuple[AccountId, AccountId]]
) -> list[list[AccountId]]:
    """The accounts in groups of one person each, everything in the order it came."""
    groups = {account: [account] for account in accounts}
    for one, other in links:
        if one in groups and other in groups and groups[one] is not groups[other]:
            groups[one].extend(groups[other])
            for account in groups[other]:
                groups[account] = groups[one]
    return list({id(group): group for group in groups.values()}.values())


def _learn(row: models.Account, account: Account, source: str, audience: str) -> bool:
    """Take over what the archive says of an account; has anything changed?"""
    before = [getattr(row, name) for name in ACCOUNT]
    row.handle = _shown(account.handle) or row.handle
    row.name = _shown(account.name) or row.name
    row.country = account.country or row.country
    row.locked = row.locked if account.locked is None else account.locked
    told = {line for line in row.refuses_training.splitlines() if line.split(" ")[0] != source}
    if source == neutral.NAME:
        told = set(row.refuses_training.splitlines())
    told |= {f"{source} {name}" for name in account.refuses_training}
    row.refuses_training = "\n".join(sorted(told))
    row.keys = sorted({*row.keys, *account.keys})  # old handles still stand in others' posts
    row.declared_audience = audience or row.declared_audience
    row.memorial = row.memorial or account.memorial  # nobody comes back by an import
    return [getattr(row, name) for name in ACCOUNT] != before


def _shown(text: str | None) -> str:
    """As much of a name as a column and a terminal can bear."""
    return "".join(char for char in text or "" if char.isprintable())[:LONGEST]


def _people(wanted: Iterable[str]) -> dict[str, models.Person]:
    return {
        row.pk: row
        for some in _batches(wanted)
        for row in models.Person.objects.select_related("merged_into").filter(pk__in=some)
    }


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    every = sorted(keys)
    for at in range(0, len(every), AT_ONCE):
        yield every[at : at + AT_ONCE]
