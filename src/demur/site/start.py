"""Opening a site for work: settings in place, database as new as the code, nothing left half done.

Both doors (cli.py and wsgi.py) come through here.
"""

from __future__ import annotations

import os

import django

from demur.site.folder import Site


def setup(site: Site) -> None:
    """Load Django for `site`. Reads no database. A process serves one site: call it once."""
    os.environ["DEMUR_SITE"] = str(site.root)
    os.environ["DJANGO_SETTINGS_MODULE"] = "demur.site.settings"
    django.setup()


def prepare(site: Site) -> None:
    """Make the database right: migrate, found the book, and finish what a crash interrupted.

    After `setup`. Raises SiteUnusable when the database is not this site's, or is older than
    the log that was published.
    """
    from django.core.management import call_command  # noqa: PLC0415  (needs Django set up)

    from demur.rights import book, intake  # noqa: PLC0415  (models need Django set up)

    call_command("migrate", verbosity=0, interactive=False)
    book.found(site)
    book.guard(site.log)
    book.publish(site.log)
    intake.recover(site)
