"""The site this process serves, as far as people's rights need to know it.

`demur.site` lives above this room and puts an opened site into Django's settings; here it is a
protocol, so that the stairs go down only.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from demur.people import Home

if TYPE_CHECKING:
    from demur.serving.engine import Setting


class Place(Protocol):
    """What `demur.site.folder.Site` is to the rights."""

    @property
    def root(self) -> Path: ...
    @property
    def name(self) -> str: ...
    @property
    def origin(self) -> str:
        """The name of the log, in every checkpoint."""
        ...

    @property
    def address(self) -> str:
        """Where people reach the privacy centre, without a slash at the end."""
        ...

    @property
    def reply_to(self) -> str:
        """Where answers to letters are read; empty: at the address that letters come from."""
        ...

    @property
    def language(self) -> str: ...
    @property
    def notice_days(self) -> int:
        """The operator's own waiting period; the regime's holds where it is longer."""
        ...

    @property
    def best_regime(self) -> bool:
        """Does the operator give everybody the best regime, so that nothing has to be proven?"""
        ...

    @property
    def engine(self) -> Setting:
        """What computes the assistant's answers."""
        ...

    @property
    def home(self) -> Home: ...
    @property
    def log_key(self) -> Ed25519PrivateKey: ...
    @property
    def lake(self) -> Path: ...
    @property
    def build(self) -> Path: ...
    @property
    def models(self) -> Path: ...
    @property
    def log(self) -> Path: ...
    @property
    def spools(self) -> tuple[Path, ...]:
        """Where a No waits that the database did not take: the site's own, and one elsewhere."""
        ...

    @property
    def database(self) -> Path | None:
        """The SQLite file; None where a server is used."""
        ...


def here() -> Place:
    """The site that was opened when this process started."""
    return cast(Place, settings.DEMUR_SITE)
