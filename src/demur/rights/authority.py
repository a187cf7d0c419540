"""Authorities: those whose signed order halts a use here, and lifts what they halted.

An order is a signed note (c2sp.org/signed-note) over two lines:

    demur order v1
    {"expires":"…","id":"2026/17","issued":"…","order":"HALT","scope":{"country":"IT"},"site":"…"}

the second canonical JSON (RFC 8785), `site` the name of this site's log, so that an order to one
operator is none to another. What it halts is silent from the commit on; what was taken out because
of it comes back only when it has been built again. Nothing here weighs an order: whose key it is
and where that authority may speak is all that is asked.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import User

from demur.errors import NotAllowed, NotFound, ProofRejected, Refusal
from demur.people import Scope
from demur.posts import Kind
from demur.rights import book, fall, models
from demur.rights.fall import Fall
from demur.rights.place import here
from demur.tlog import note
from demur.tlog.spelling import canonical, from_canonical

FIRST_LINE = "demur order v1"
MOST = 16 * 1024  # bytes of an order: a scope and some signatures take less than one
EARLY = timedelta(minutes=5)  # how far an authority's clock may be ahead of ours
MOMENT = "%Y-%m-%dT%H:%M:%SZ"
NARROWS = frozenset({"platform", "country", "kinds", "uses", "model"})
"""What an order may narrow. One person's post or one group is no matter for a halt."""
MEMBERS = frozenset({"order", "scope", "id", "issued", "expires", "site"})


class Verb(StrEnum):
    HALT = "HALT"
    LIFT = "LIFT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an order says. `starts`: the first day on which a halt holds; None is at once."""

    verb: Verb
    scope: Scope
    id: str
    issued: datetime
    expires: datetime
    site: str
    starts: date | None = None

    @property
    def text(self) -> str:
        """What is signed, in its one spelling; ends in a newline."""
        said: dict[str, Any] = {
            "order": str(self.verb),
            "scope": self.scope.to_json(),
            "id": self.id,
            "issued": self.issued.astimezone(UTC).strftime(MOMENT),
            "expires": self.expires.astimezone(UTC).strftime(MOMENT),
            "site": self.site,
        }
        if self.starts:
            said["starts"] = self.starts.isoformat()
        return f"{FIRST_LINE}\n{canonical(said).decode()}\n"


def add(
    name: str,
    key: str,
    *,
    countries: Sequence[str] = (),
    user: User | None = None,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.Authority:
    """Register an authority. key: its C2SP verifier key. countries: ISO 3166-1 alpha-2, where its
    orders hold; none: everywhere. user: who may read the portal for it."""
    spelled = str(_ed25519(note.parse_key(key.strip())))
    where = sorted({country.upper() for country in countries})
    if not name.strip():
        raise Refusal("An authority needs a name; give the one that its letters carry.")
    if any(len(country) != 2 or not country.isalpha() for country in where):
        raise Refusal("Countries are two letters each, as in IT or NL; correct them.")
    with book.writing():
        if models.Authority.objects.filter(name=name).exists():
            raise NotAllowed(f"{name} is registered; `demur authority list` shows its key.")
        if models.Authority.objects.filter(key=spelled).exists():
            raise NotAllowed(
                "This key is registered for another authority; each signs with its own."
            )
        payload = {"name": name, "key": spelled, "countries": where}
        entry = book.append("authority", payload, now=now, draw=draw)
        return models.Authority.objects.create(
            name=name, key=spelled, countries=where, user=user, entry=entry, at=now
        )


def retire(
    authority: models.Authority, *, now: datetime, draw: book.Draw = secrets.token_bytes
) -> None:
    """Take no more orders by this key. What it halted stays halted until somebody may lift it."""
    with book.writing():
        payload = {"name": authority.name, "active": False}
        book.append("authority", payload, now=now, draw=draw)
        models.Authority.objects.filter(pk=authority.pk).update(active=False)


def read(text: str, *, now: datetime) -> tuple[models.Authority, Order]:
    """Whose order this is and what it says. Raises ProofRejected where nobody known signed it,
    Refusal where it cannot be obeyed: expired, not for this site, beyond their countries."""
    if len(text.encode("utf-8", "surrogatepass")) > MOST:
        raise Refusal(f"An order is at most {MOST:,} bytes; send the signed note alone.")
    signed = note.parse(text)
    authority = _signer(signed)
    order = parse(signed.text)
    if order.site != here().origin:
        raise NotAllowed(f"The order is for {order.site}, and this is {here().origin}; sign one.")
    if order.issued > now + EARLY:
        raise NotAllowed("The order says it was issued later than now; look at the clock.")
    if order.expires <= now:
        raise NotAllowed(
            f"The order expired at {order.expires:%Y-%m-%d %H:%M} UTC; sign a new one."
        )
    check_scope(authority, order.scope)
    return authority, order


def obey(text: str, *, now: datetime, draw: book.Draw = secrets.token_bytes) -> models.Hold:
    """Do what a signed order says. The hold that it places, or the last of those that it lifts.

    Raises what `read` raises; NotAllowed for an order that came before, and for a lift of what
    another has halted; NotFound where there is nothing to lift.
    """
    authority, order = read(text, now=now)
    with book.writing():
        if _came_before(authority, order):
            raise NotAllowed(
                f"Order {order.id} came before and was obeyed then; sign one with an id of its own."
            )
        if order.verb is Verb.HALT:
            done = _halt(authority, order, text, now, draw)
        else:
            done = _lift(authority, order, text, now, draw)
        book.bump()
    return done


def dry_run(text: str, *, now: datetime) -> Fall:
    """What would fall if this order were obeyed now, counted exactly; a lift brings nothing back,
    so nothing falls and nothing rises. Raises what `read` raises. Changes nothing."""
    _, order = read(text, now=now)
    return fall.of_scope(order.scope, exact=True)


def parse(text: str) -> Order:
    """An order's text, in its one spelling; ProofRejected if it is none."""
    first, _, rest = text.partition("\n")
    if first != FIRST_LINE:
        raise ProofRejected(f"An order begins with the line '{FIRST_LINE}'; see docs/authority.md.")
    said = from_canonical(rest.removesuffix("\n").encode(), "the order")
    if not MEMBERS <= said.keys() <= MEMBERS | {"starts"}:
        raise ProofRejected(
            f"An order has {', '.join(sorted(MEMBERS))}, perhaps starts, and nothing else."
        )
    try:
        order = Order(
            verb=Verb(said["order"]),
            scope=_scope(said["scope"]),
            id=_name(said["id"]),
            issued=_moment(said["issued"]),
            expires=_moment(said["expires"]),
            site=_name(said["site"]),
            starts=date.fromisoformat(said["starts"]) if "starts" in said else None,
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise ProofRejected("The order has a member that cannot be read; sign it anew.") from error
    if order.text != text or (order.starts and order.verb is Verb.LIFT):
        raise ProofRejected("The order is not in its one spelling; see docs/authority.md.")
    return order


def check_scope(authority: models.Authority, scope: Scope) -> None:
    """NotAllowed where the scope reaches further than this authority does."""
    if not authority.countries:
        return
    where = ", ".join(authority.countries)
    if scope.model is not None:
        message = f"A model speaks everywhere, and {authority.name} for {where}; name a country"
        raise NotAllowed(f"{message} and no model.")
    if scope.country not in authority.countries:
        said = scope.country or "every country"
        raise NotAllowed(f"{authority.name} speaks for {where}, and this is about {said}.")


def order_id(authority: models.Authority, said: str) -> str:
    """How an order's id is kept: one authority cannot use up another's."""
    return hashlib.sha256(f"{authority.name}\n{said}".encode()).hexdigest()


def _halt(
    authority: models.Authority, order: Order, text: str, now: datetime, draw: book.Draw
) -> models.Hold:
    scope = order.scope.to_json()
    payload: dict[str, Any] = {"scope": scope, "by": authority.name, "order": _digest(text)}
    if order.starts:
        payload["starts"] = order.starts.isoformat()
    return models.Hold.objects.create(
        scope=scope,
        by=authority.name,
        authority=authority,
        order=text,
        order_id=order_id(authority, order.id),
        starts=order.starts,
        entry=book.append("hold", payload, now=now, draw=draw),
        at=now,
    )


def _lift(
    authority: models.Authority, order: Order, text: str, now: datetime, draw: book.Draw
) -> models.Hold:
    standing = models.Hold.objects.filter(lifted_at=None).order_by("pk")
    same = [hold for hold in standing if hold.scope == order.scope.to_json()]
    theirs = [hold for hold in same if hold.authority_id == authority.pk]
    if same and not theirs:
        raise NotAllowed(f"That was halted by {same[0].by}, who alone can lift it.")
    if not theirs:
        raise NotFound("Nothing of that scope is halted by you; read the holds in the portal.")
    for hold in theirs:
        payload = {"line": hold.entry_id, "by": authority.name, "order": _digest(text)}
        hold.lifted_entry = book.append("lift", payload, now=now, draw=draw)
        hold.lifted_by, hold.lifted_at, hold.lift_order = authority.name, now, text
        hold.save(update_fields=["lifted_by", "lifted_entry", "lifted_at", "lift_order"])
    return theirs[-1]


def _came_before(authority: models.Authority, order: Order) -> bool:
    """Was an order of this authority with this id obeyed, to halt or to lift?"""
    if models.Hold.objects.filter(order_id=order_id(authority, order.id)).exists():
        return True
    lifts = models.Hold.objects.filter(authority=authority).exclude(lift_order="")
    notes = (note.parse(text).text for text in lifts.values_list("lift_order", flat=True))
    return any(parse(text).id == order.id for text in notes)


def _signer(signed: note.Note) -> models.Authority:
    known = {row.key: row for row in models.Authority.objects.filter(active=True)}
    if not known:
        raise ProofRejected("No authority is registered here; ask the operator to add your key.")
    keys = note.opened(signed, [note.parse_key(key) for key in known])
    if len(keys) > 1:
        raise ProofRejected("Two authorities signed this; send an order for each.")
    return known[str(keys[0])]


def _ed25519(key: note.Key) -> note.Key:
    if key.algorithm != note.ED25519 or len(key.public) != 32:
        raise ProofRejected("Orders are signed with Ed25519; give a verifier key of that kind.")
    return key


def _scope(said: Mapping[str, Any]) -> Scope:
    if not said.keys() <= NARROWS:
        raise ValueError("an order narrows by something else")
    scope = Scope.from_json(said)
    texts = (scope.platform, scope.country, scope.model)
    if not all(text is None or isinstance(text, str) for text in texts):
        raise ValueError("a scope is made of texts")
    for kind in scope.kinds:
        Kind(kind)
    return scope


def _name(said: object) -> str:
    if isinstance(said, str) and 0 < len(said) <= 200 and said.isprintable():
        return said
    raise ValueError("a name is a short text")


def _moment(said: str) -> datetime:
    return datetime.strptime(said, MOMENT).replace(tzinfo=UTC)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
