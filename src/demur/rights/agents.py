"""Agents: organisations that object for people, as the Data Rights Protocol 1.0 lets them.

An agent is registered by the operator with its Ed25519 key. What it sends is signed, meant for this
site, and for a short time; the same message again is the same request. A request of an agent fences
its person at once and tells them; an agent that sends very many is shown to the operator, and still
no No of it is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db.models import Count, QuerySet

from demur.errors import NotFound, ProofRejected, Refusal
from demur.rights import book, decisions, deletion, models, objection, people
from demur.rights.place import here

KEY, SIGNATURE = 32, 64  # bytes of Ed25519 (RFC 8032)
SKEW = timedelta(seconds=30)  # how far an agent's clock may be ahead of ours
MANY = 50  # requests a day, above which the operator is shown the agent
DAY = timedelta(days=1)
LONGEST = 500  # characters of a claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """What a signed request asks, read and checked; for whom, as the agent names them."""

    exercise: str
    regime: str
    id: str  # the agent's own, or else the hash of its message: the same one twice is one request
    email: str
    handles: tuple[str, ...]
    name: str
    language: str


def add(
    id_: str, *, name: str, key: str, now: datetime, draw: book.Draw = secrets.token_bytes
) -> models.Agent:
    """Register an agent, or give it a new key. key: Ed25519, in base64 or in the hexadecimals of
    the DRP directory. Its old token opens nothing any more."""
    raw = _key(key)
    if not id_ or len(id_) > LONGEST // 5 or not id_.replace("_", "").replace("-", "").isalnum():
        raise Refusal("An agent's id is letters, digits, - and _; take it from its DRP directory.")
    with book.writing():
        line = book.append("agent", {"agent": id_, "key": raw.hex()}, now=now, draw=draw)
        row = {"name": name, "key": base64.b64encode(raw).decode(), "active": True, "token": ""}
        found, _ = models.Agent.objects.update_or_create(
            pk=id_, defaults=row | {"entry": line, "at": now}
        )
    return found


def stop(id_: str, *, now: datetime, draw: book.Draw = secrets.token_bytes) -> models.Agent:
    """From now on nothing more comes in by this agent. What it asked for stands."""
    with book.writing():
        agent = get(id_)
        if agent.active:
            book.append("agent", {"agent": id_, "active": False}, now=now, draw=draw)
            agent.active, agent.token = False, ""
            agent.save(update_fields=["active", "token"])
    return agent


def get(id_: str) -> models.Agent:
    """NotFound if nobody is registered by this id."""
    agent = models.Agent.objects.filter(pk=_clean(id_)).first()
    if agent is None:
        raise NotFound(f"No agent {id_[:80]!r} is registered here; `demur agent list` shows all.")
    return agent


def give_token(agent: models.Agent) -> str:
    """A new bearer token; the one moment at which anyone can see it. The old one ends."""
    token = secrets.token_urlsafe(32)
    models.Agent.objects.filter(pk=agent.pk).update(token=_hash(token))
    return token


def by_token(token: str) -> models.Agent | None:
    """Whose token this is."""
    return models.Agent.objects.filter(token=_hash(token), active=True).first() if token else None


def opened(agent: models.Agent, raw: bytes) -> tuple[bytes, Any]:
    """The message inside a signed body, and the JSON it holds.

    raw: base64 of signature and message, as libsodium's combined mode has it. Raises
    ProofRejected where it is not this agent's.
    """
    try:
        signed = base64.b64decode(raw.strip(), validate=True)
        if not agent.active or len(signed) <= SIGNATURE:
            raise ValueError
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(agent.key))
        key.verify(signed[:SIGNATURE], signed[SIGNATURE:])
        return signed[SIGNATURE:], json.loads(signed[SIGNATURE:])
    except (binascii.Error, InvalidSignature, ValueError, RecursionError):
        raise ProofRejected(
            "This is not JSON signed with the key that is registered for the agent; sign it with"
            " Ed25519 and send the base64 of signature and message."
        ) from None


def meant_for_us(agent: models.Agent, said: Any, now: datetime) -> Mapping[str, Any]:
    """Check who says it, to whom and when, in DRP's order (3.07). Raises ProofRejected."""
    if not isinstance(said, dict):
        raise ProofRejected("The signed message is no JSON object; send one.")
    if said.get("agent-id") != agent.pk:
        raise ProofRejected("`agent-id` is not the agent that signed; correct it.")
    if said.get("business-id") != here().origin:
        raise ProofRejected(f"`business-id` is not this site's, which is {here().origin}.")
    if _moment(said, "issued-at") > now + SKEW:
        raise ProofRejected("`issued-at` lies in the future; set your clock and sign again.")
    if _moment(said, "expires-at") <= now:
        raise ProofRejected("`expires-at` is over; sign the request again.")
    return said


def read(message: bytes, said: Mapping[str, Any]) -> Exercise:
    """What is asked. Raises Refusal with the claim that is wrong."""
    if said.get("drp.version") not in ("1.0", "0.9"):  # one protocol under two numbers
        raise Refusal('`drp.version` is not "1.0"; this site speaks no other.')
    asked = _text(said, "exercise")
    if asked not in deletion.EXERCISES:
        raise Refusal(f"`exercise` is one of {', '.join(deletion.EXERCISES)} here.")
    regime = _text(said, "regime")
    if regime and regime not in deletion.REGIMES:
        raise Refusal(f"`regime` is one of {', '.join(deletion.REGIMES)} here, or left out.")
    email = _text(said, "email")
    if email and not people.is_address(email):
        raise Refusal("`email` is no e-mail address; correct it or leave it out.")
    own = _text(said, "agent-request-id")[:200]
    return Exercise(
        exercise=asked,
        regime=regime,
        id=own or hashlib.sha256(message).hexdigest(),
        email=email,
        handles=_handles(said),
        name=_text(said, "name"),
        language=_text(said, "knowsLanguage")[:16],
    )


def ask(
    agent: models.Agent,
    asked: Exercise,
    *,
    now: datetime,
    draw: book.Draw = secrets.token_bytes,
) -> models.Request:
    """Do it: fence whoever is meant, known or not, and tell them. The same request is found again.

    Somebody we do not know is written down as a stranger, whose No waits for them, so that no agent
    learns from an answer who is a member here. Refusal (too many requests) only for doubles, and
    only of an agent that sends very many.
    """
    first = models.Request.objects.filter(agent=agent, agent_request=asked.id).first()
    if first is not None:
        return first
    person = _meant(asked, now)
    earlier = person and _asked_before(agent, person, asked.exercise)
    if earlier and flagged(now).filter(pk=agent.pk).exists():
        raise TooMany("This was asked for already and is being done; ask for its status instead.")
    if earlier:
        return earlier
    return deletion.open_(
        person,
        exercise=asked.exercise,
        regime=asked.regime,
        route="agent",
        agent=agent,
        agent_request=asked.id,
        now=now,
        draw=draw,
    )


class TooMany(Refusal):
    """The same again, of an agent that sends very many requests; nothing is lost by it."""


def flagged(now: datetime) -> QuerySet[models.Agent]:
    """Agents that the operator should look at: more than MANY requests within a day."""
    recent = models.Request.objects.filter(opened_at__gt=now - DAY).exclude(agent=None)
    counts = recent.values("agent").annotate(many=Count("pk")).filter(many__gt=MANY)
    return models.Agent.objects.filter(pk__in=counts.values("agent"))


def _meant(asked: Exercise, now: datetime) -> models.Person | None:
    """Whom the claims mean; a stranger where we know nobody; None where they say too little."""
    for handle in asked.handles:
        try:
            return people.find(handle)
        except Refusal:
            continue  # nobody, or more than one: another claim may say it better
    if not asked.email:
        return None
    keys = [f"{platform}:@{handle}" for platform, handle in map(_parted, asked.handles) if handle]
    names = [asked.name] if asked.name else []
    return people.stranger(asked.email, keys=keys, names=names, language=asked.language, now=now)


def _asked_before(
    agent: models.Agent, person: models.Person, exercise: str
) -> models.Request | None:
    """The request of this agent that already does for this person what is asked."""
    theirs = models.Request.objects.filter(
        agent=agent, person__in=people.family(person), exercise=exercise
    ).order_by("-opened")
    states = [*decisions.WAITING]
    no = objection.standing_objection(person)
    if no is not None and not no.scope:  # everything
        states.append("fulfilled")
    return theirs.filter(state__in=states).first()


def _parted(claim: str) -> tuple[str, str]:
    """`mastodon:@anna` as platform and handle; two empty texts for anything else."""
    platform, colon, handle = claim.partition(":@")
    known = bool(colon) and platform.isalnum() and handle != ""
    return (platform.casefold(), handle.casefold()) if known else ("", "")


def _handles(said: Mapping[str, Any]) -> tuple[str, ...]:
    """Accounts that are claimed: `identifier`, one text or a list, as account ids or @handles."""
    value = said.get("identifier", [])
    some = [value] if isinstance(value, str) else value
    if not isinstance(some, list) or not all(isinstance(each, str) for each in some):
        raise Refusal("`identifier` is a text or a list of texts: accounts or @handles.")
    return tuple(clean for each in some[:20] if (clean := _clean(each)))


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name, "")
    if not isinstance(value, str) or len(value) > LONGEST:
        raise Refusal(f"`{name}` is a text of at most {LONGEST} characters; correct it.")
    return _clean(value)


def _clean(text: str) -> str:
    """What a database and a mail header can bear: no control characters, no half characters."""
    return "".join(char for char in text[:LONGEST] if char.isprintable()).strip()


def _moment(said: Mapping[str, Any], name: str) -> datetime:
    value = said.get(name)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ProofRejected(f"`{name}` is no moment with a time zone (ISO 8601); correct it.")
    return moment


def _key(text: str) -> bytes:
    try:
        raw = bytes.fromhex(text) if len(text) == 2 * KEY else base64.b64decode(text, validate=True)
    except ValueError:
        raw = b""
    if len(raw) != KEY:
        raise Refusal("A key is 32 bytes of Ed25519, in base64 or as 64 hexadecimals.")
    return raw


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
