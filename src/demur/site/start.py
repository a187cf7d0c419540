"""Opening a site for work: settings in place, database as new as the code, nothing left half done.

Both doors (cli.py and wsgi.py) come through here.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

import django

from demur.site.folder import Site, open_site


def setup(site: Site) -> None:
    """Load Django for `site`. Reads no database. A process serves one site: call it once."""
    os.environ["DEMUR_SITE"] = str(site.root)
    os.environ["DJANGO_SETTINGS_MODULE"] = "demur.site.settings"
    django.setup()


def elsewhere(task: tuple[Path, str, Any]) -> Any:
    """In a process that knows nothing yet: open the site at a path, load Django, call a function.

    task: the site folder, the function as `module:name`, and what it is called with after the site.
    The function is named and not passed, since unpickling it would import models before Django is
    set up.
    """
    root, function, argument = task
    site = open_site(root)
    setup(site)
    module, _, name = function.partition(":")
    return getattr(import_module(module), name)(site, argument)


def prepare(site: Site) -> None:
    """Make the database right: migrate, found the book, and finish what a crash interrupted.

    After `setup`. Raises SiteUnusable when the database is not this site's, or is older than
    the log that was published.
    """
    from django.core.management import call_command  # noqa: PLC0415  (needs Django set up)

    # models need Django set up
    from demur.rights import book, intake, roles, spool  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    roles.ensure()
    book.found(site)
    book.guard(site.log)
    book.publish(site.log)
    spool.prepare(site)
    intake.recover(site)
