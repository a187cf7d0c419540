"""Links that prove an e-mail address: signed, dated, mailed, and nothing else.

Whoever asks is answered the same for every address, and always gets a letter: so nobody learns
whose address we know. A link says what it is for, so one cannot open the other's page.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing
from django.urls import reverse
from django.utils.translation import get_language

from demur.errors import NotFound
from demur.rights import mail, models
from demur.rights.place import here

LASTS = timedelta(days=2)
AT_ONCE, PAUSE = 2, timedelta(minutes=10)  # letters to one address: we are nobody's hammer
LETTER = "confirm"


def send(view: str, email: str, said: Mapping[str, Any]) -> None:
    """Put a letter into the outbox with a link to `view` that carries what was said."""
    now = datetime.now(UTC)
    recent = models.Letter.objects.filter(to=email, kind=LETTER, created_at__gt=now - PAUSE)
    if recent.count() >= AT_ONCE:
        return
    token = signing.dumps(dict(said) | {"email": email}, salt=view, compress=True)
    about = {"link": here().address + reverse(f"web:{view}", args=[token])}
    mail.queue(LETTER, None, to=email, about=about, language=get_language() or "", now=now)


def read(view: str, token: str) -> dict[str, Any]:
    """What a link carries; NotFound for one that is too old, changed, or another view's."""
    try:
        said: dict[str, Any] = signing.loads(token, salt=view, max_age=LASTS)
    except signing.BadSignature as error:
        raise NotFound("This link is too old or not whole; ask for a new one.") from error
    return said
