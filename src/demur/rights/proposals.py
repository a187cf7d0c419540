"""A second pair of eyes: what one person at the desk proposes, another confirms, or it is not done.

Two deeds take from people what stands for them: refusing what they asked for, and lifting a hold.
Neither happens at one person's word. The deed is done first and the proposal closed after it: a
kill between the two leaves a proposal about something done, which can be declined, and never a
closed one about something that was not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from demur.errors import NotAllowed, NotFound, Refusal
from demur.rights import decisions, hold, models, roles
from demur.rights.roles import Deed

LIFT, REFUSE = "lift", "refuse"
PROPOSES = {LIFT: Deed.LIFT, REFUSE: Deed.REQUEST}
CONFIRMS = {LIFT: Deed.LIFT, REFUSE: Deed.SECOND}


def waiting() -> QuerySet[models.Proposal]:
    """Those that nobody has confirmed or declined, the oldest first."""
    return models.Proposal.objects.filter(settled_at=None).order_by("at", "pk")


def lift(hold_id: int, *, by: User, now: datetime) -> models.Proposal:
    """Propose to lift one of the operator's own holds; what an authority halted it alone lifts."""
    placed = models.Hold.objects.filter(pk=hold_id).first()
    if placed is None:
        raise NotFound(f"There is no hold {hold_id}; the desk lists those in force.")
    if placed.lifted_at is not None:
        raise NotAllowed(f"Hold {hold_id} was lifted on {placed.lifted_at:%Y-%m-%d} already.")
    if placed.authority_id is not None:
        raise NotAllowed(f"{placed.authority_id} halted this, and it alone can lift it.")
    return _propose(LIFT, str(hold_id), {}, by, now)


def refuse(request_id: str, *, reason: str, said: str, by: User, now: datetime) -> models.Proposal:
    """Propose to refuse what somebody asked for. reason: of Data Rights Protocol 1.0. said: the
    refusal in words, for its person."""
    if reason not in decisions.DENIALS or not said.strip():
        raise Refusal(f"Say why, in words and as one of: {', '.join(decisions.DENIALS)}.")
    if not models.Request.objects.filter(pk=request_id, state="in_progress").exists():
        raise NotFound("There is no such request that is still to be decided; look at the queue.")
    return _propose(REFUSE, str(request_id), {"reason": reason, "said": said}, by, now)


def confirm(proposal_id: int, *, by: User, now: datetime) -> models.Proposal:
    """Do what was proposed, at the word of somebody else who may."""
    proposal = _open(proposal_id)
    roles.require(by, CONFIRMS[proposal.kind])
    if proposal.by_id == by.pk:
        raise NotAllowed("You proposed this yourself; somebody else has to look at it.")
    if proposal.kind == LIFT:
        names = f"{proposal.by.get_username()}, {by.get_username()}"
        hold.lift(int(proposal.about), by=names, now=now)
    else:
        _refuse(proposal, by, now)
    return _settle(proposal, by, True, now)


def decline(proposal_id: int, *, by: User, now: datetime) -> models.Proposal:
    """Close it undone. Who proposed may take it back; anybody who could confirm may decline."""
    proposal = _open(proposal_id)
    if proposal.by_id != by.pk:
        roles.require(by, CONFIRMS[proposal.kind])
    return _settle(proposal, by, False, now)


def _propose(
    kind: str, about: str, payload: Mapping[str, Any], by: User, now: datetime
) -> models.Proposal:
    roles.require(by, PROPOSES[kind])
    with transaction.atomic():
        same = models.Proposal.objects.filter(kind=kind, about=about, settled_at=None).first()
        if same is None:
            return models.Proposal.objects.create(
                kind=kind, about=about, payload=dict(payload), by=by, at=now
            )
    if same.by_id == by.pk:
        return same
    raise NotAllowed(f"{same.by.get_username()} proposed this already; confirm or decline that.")


def _open(proposal_id: int) -> models.Proposal:
    found = models.Proposal.objects.select_related("by").filter(pk=proposal_id).first()
    if found is None:
        raise NotFound("There is no such proposal; the desk lists those that wait.")
    if found.settled_at is not None:
        raise NotAllowed("That was settled already; look at the desk again.")
    return found


def _settle(proposal: models.Proposal, by: User, agreed: bool, now: datetime) -> models.Proposal:
    proposal.second, proposal.agreed, proposal.settled_at = by, agreed, now
    proposal.save(update_fields=["second", "agreed", "settled_at"])
    return proposal


def _refuse(proposal: models.Proposal, by: User, now: datetime) -> None:
    request = models.Request.objects.get(pk=proposal.about)
    said = proposal.payload
    decisions.refuse(
        request,
        reason=said["reason"],
        said=said["said"],
        by=proposal.by.get_username(),
        second=by.get_username(),
        now=now,
    )
