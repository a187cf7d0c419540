"""The door for a WSGI server: DEMUR_SITE=/srv/dorp gunicorn demur.site.wsgi

The database must have been prepared (`demur init`, or any other command, does it): several
workers start at once, and only one process may migrate.
"""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from demur.errors import SiteUnusable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demur.site.settings")
application = get_wsgi_application()

if settings.DEMUR_SITE is None:
    raise SiteUnusable("DEMUR_SITE is not set; put the path of the site folder there.")

from demur.rights import book  # noqa: E402  (models need Django set up)

book.guard(settings.DEMUR_SITE.log)
