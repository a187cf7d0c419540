"""A process that objects for as many people as it can until it is killed; run by test_kill.py.

python objector.py SITE      prints the line of the book after each answer
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from demur.site import folder, start

start.setup(folder.open_site(Path(sys.argv[1])))

from demur.rights import models, objection  # noqa: E402  (Django is set up by now)

waiting = models.Person.objects.filter(objections=None).order_by("?")
for person in waiting:
    no = objection.submit(person, route="form", now=datetime.now(UTC))
    print(person.pk, no.entry_id, flush=True)
