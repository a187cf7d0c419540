"""Every way in which Demur can refuse, as one small tree. Each message says what to do next.

Refusal                     exit code 2, HTTP 4xx: the input or the state is not right
├── ArchiveUnreadable       a file that was given to us cannot be read
├── SiteUnusable            the site folder, its settings, keys or database are not right
├── NotFound                no such account, post, shard, entry or receipt
├── NotAllowed              the asker may not do this
├── StandingUnreadable      nobody can say who objects now, so nobody's words are used
└── ProofRejected           a signature, a proof, a digest or a rebuilt file does not hold
"""


class Refusal(Exception):  # noqa: N818  (it is a no, said politely, not a fault of the program)
    """The root of the tree. `str(refusal)` is one or two sentences that end in the next step."""


class ArchiveUnreadable(Refusal):
    """A file that was given to us cannot be read; nothing of it was stored."""


class SiteUnusable(Refusal):
    """The site folder, its settings, its keys or its database are not as they must be."""


class NotFound(Refusal):
    """There is no such account, post, shard, log entry or receipt here."""


class NotAllowed(Refusal):
    """The asker may not do this."""


class StandingUnreadable(Refusal):
    """Who objects now cannot be read: whoever catches this must stop using people's words."""


class ProofRejected(Refusal):
    """A signature, an inclusion, a digest or a rebuilt file does not hold."""
