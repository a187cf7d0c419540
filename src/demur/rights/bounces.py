"""Letters that came back: which of ours, and for good or only for now.

Reads delivery status notifications (RFC 3464) and the older ways in which mail servers say the
same. A letter of ours is known by its Message-ID, which nobody can guess who never had it; a
report about anything else is no business of ours. Changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import EmailMessage, Message

from demur.rights import letters, models

SENDERS = re.compile(r"^(?:mailer-daemon|postmaster|mail delivery)", re.IGNORECASE)
_FOR_NOW = re.compile(
    r"delayed|warning|still being retried|will (?:be )?(?:keep|re-?tr)|temporar|no need to resend"
    r"|verzögert|vertraagd|retardé",
    re.IGNORECASE,
)
_FOR_GOOD = re.compile(
    r"\b5\.[0-9]{1,3}\.[0-9]{1,3}\b|\b55[0-4]\b|permanent|gave up|given up|undeliver|returned mail"
    r"|delivery (?:has )?failed|failure notice|does(?: not|n't) exist|unknown user|user unknown"
    r"|no such (?:user|mailbox|recipient)|mailbox (?:unavailable|not found)|address rejected"
    r"|onbestelbaar|unzustellbar|non remis",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """letter: of ours; None where the report does not say which. final: nobody will try again."""

    letter: models.Letter | None
    final: bool


def read(message: EmailMessage, text: str) -> Bounce | None:
    """What a report says of our letter; None for a mail that is no report.

    text: everything in the mail as text, the returned letter included.
    """
    states = [part for part in message.walk() if part.get_content_type() in _STATES]
    if states:
        return Bounce(letter=letters.by_message_id(text), final=_failed(states[0]))
    sender = str(message.get("From", ""))
    address = sender.rpartition("<")[2].strip("> ")
    null = str(message.get("Return-Path", "")).strip() == "<>"
    if not (SENDERS.match(address) or (null and _FOR_GOOD.search(str(message.get("Subject", ""))))):
        return None
    said = f"{message.get('Subject', '')}\n{text}"
    failed = bool(message.get("X-Failed-Recipients")) or bool(_FOR_GOOD.search(said))
    for_now = bool(_FOR_NOW.search(said)) and not message.get("X-Failed-Recipients")
    return Bounce(letter=letters.by_message_id(text), final=failed and not for_now)


_STATES = ("message/delivery-status", "message/global-delivery-status")


def _failed(status: Message) -> bool:
    """RFC 3464, 2.3.3: only "failed" says that the reporting server has given up."""
    blocks = status.get_payload()
    fields = "\n".join(map(str, blocks)) if isinstance(blocks, list) else str(blocks)
    actions = re.findall(r"^Action:\s*([A-Za-z]+)", fields, re.IGNORECASE | re.MULTILINE)
    return bool(actions) and all(action.lower() == "failed" for action in actions)
