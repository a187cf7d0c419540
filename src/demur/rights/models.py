"""What the database keeps: people, what they said, what they were told, and the book.

Rows only. What may be done with them stands in the module named after the deed (`objection`,
`notice`, `hold`, …). What people wrote is not here but in the lake.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class Entry(models.Model):
    """A line of the book, as outsiders read it. Never changed, never deleted."""

    index = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=32, db_index=True)
    leaf = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = "line of the book"
        verbose_name_plural = "lines of the book"

    def __str__(self) -> str:
        return f"{self.index} {self.kind}"


class Node(models.Model):
    """The hash of a complete subtree of the book (`tlog.merkle`)."""

    pk = models.CompositePrimaryKey("level", "index")
    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)


class Checkpoint(models.Model):
    """The signed head of the book at one size."""

    size = models.BigIntegerField(primary_key=True)
    note = models.TextField()


class Epoch(models.Model):
    """One row: grows with every change of what stands. Locking it locks the head of the book."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    value = models.BigIntegerField()


class Founding(models.Model):
    """One row: what the site may never change, written when it was made."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    origin = models.TextField()
    shards = models.IntegerField()
    slices = models.IntegerField()
    home = models.BinaryField(max_length=32)  # SHA-256 of the home key


CHATS = "assistant"  # the platform of what somebody asked the assistant, with chats_on


class Person(models.Model):
    """Somebody, with every account known to be theirs."""

    id = models.CharField(primary_key=True, max_length=32)
    secret = models.BinaryField(max_length=32)  # makes their tags; stands in their receipts
    email = models.EmailField(blank=True, db_index=True)
    country = models.CharField(max_length=2, blank=True)
    language = models.CharField(max_length=16, blank=True)
    born = models.DateField(null=True, blank=True, db_index=True)  # the latest that was claimed
    opted_in = models.BooleanField(default=False)
    chats_on = models.BooleanField(default=False)  # their chats with the assistant may be used
    named = models.BooleanField(default=False)  # their handle may stand beside their words
    # Said by somebody without an account here: the handles and names by which others mention them.
    claimed_keys = models.JSONField(default=list)
    claimed_names = models.JSONField(default=list)
    erased_at = models.DateTimeField(null=True, blank=True)
    seen = models.BigIntegerField()  # the line of the book that commits to their secret
    line = models.BigIntegerField()  # of the book: when these facts were last learned
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="person",
    )
    # Two people who turned out to be one: the row stays, since old models know it by its secret.
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged"
    )
    to_move = models.BooleanField(default=False)  # their posts have yet to follow them in the lake

    class Meta:
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.id


class Account(models.Model):
    """One account on one platform (`people.Account`), as far as imports have told us."""

    id = models.CharField(primary_key=True, max_length=500)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="accounts")
    platform = models.CharField(max_length=64)
    handle = models.CharField(max_length=500, blank=True, db_index=True)
    name = models.CharField(max_length=500, blank=True)
    country = models.CharField(max_length=2, blank=True)
    locked = models.BooleanField(null=True, blank=True, db_index=True)
    refuses_training = models.TextField(blank=True)  # a line each: who told, name of the signal
    keys = models.JSONField(default=list)
    declared_audience = models.CharField(max_length=16, blank=True)
    memorial = models.BooleanField(default=False)
    line = models.BigIntegerField()  # of the book: when these facts were last learned

    def __str__(self) -> str:
        return self.id


class GroupDeclared(models.Model):
    """A group whose posts the operator's records say are public."""

    name = models.CharField(primary_key=True, max_length=500)
    line = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "groups declared public"


class GroupClosed(models.Model):
    """A group that was public and is not any more: its posts are silent at once."""

    name = models.CharField(primary_key=True, max_length=500)
    line = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "groups closed"


class Retracted(models.Model):
    """A post that its platform has since narrowed, marked or taken back: silent at once."""

    post = models.CharField(primary_key=True, max_length=32)
    line = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "posts retracted"


class Import(models.Model):
    """An import that the database has acknowledged; its posts belong in the lake."""

    id = models.CharField(primary_key=True, max_length=32)
    platform = models.CharField(max_length=64)
    counts = models.JSONField()
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT)
    at = models.DateTimeField()


class Campaign(models.Model):
    """A notice: to whom, about which uses. A new use needs a new one; an old No still counts."""

    name = models.SlugField(primary_key=True, max_length=64)
    uses = models.JSONField()  # people.Use, a list
    countries = models.JSONField(default=list)  # empty: every country
    remind_after = models.IntegerField(null=True, blank=True)  # days; none: no reminder
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="campaign")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One campaign's notice to one person: what became of it, each with its moment."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="deliveries")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="deliveries")
    queued_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)  # a mail server took it
    bounced_at = models.DateTimeField(null=True, blank=True)  # and gave it back
    opened_at = models.DateTimeField(null=True, blank=True)  # its link was followed
    seen_at = models.DateTimeField(null=True, blank=True)  # the banner stood before them
    reminded_at = models.DateTimeField(null=True, blank=True)
    no_more = models.BooleanField(default=False)  # they asked for no further reminders

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "person"], name="one_notice_each")
        ]


class Agent(models.Model):
    """Who may object for others: an organisation with a key (Data Rights Protocol 1.0)."""

    id = models.CharField(primary_key=True, max_length=200)
    name = models.CharField(max_length=200)
    key = models.CharField(max_length=100)  # Ed25519, base64
    token = models.CharField(max_length=64, blank=True)  # SHA-256 of what it shows for a status
    active = models.BooleanField(default=True)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="agent")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.id


class Objection(models.Model):
    """A No. It stands until its person takes it back; the same No again is answered with it."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="objections")
    scope = models.JSONField(default=dict)  # people.Scope; empty: everything
    scope_key = models.TextField(default="{}")  # the same as canonical JSON, to compare
    agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT)
    reason = models.TextField(blank=True)  # never required, never judged
    email = models.EmailField(blank=True)  # where the receipt went
    route = models.CharField(max_length=16)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="objection")
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.SET_NULL)
    at = models.DateTimeField()
    withdrawn_entry = models.OneToOneField(
        Entry, null=True, blank=True, on_delete=models.PROTECT, related_name="withdrawal"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "scope_key"],
                condition=Q(withdrawn_at=None),
                name="one_no_is_enough",
            )
        ]

    def __str__(self) -> str:
        return f"objection {self.entry_id}"


class Request(models.Model):
    """What somebody asked for, and what became of it: states and reasons in the words of DRP 1.0.

    While it is restricted nothing of theirs is used, whatever is decided in the end.
    """

    id = models.UUIDField(primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="requests", null=True)
    exercise = models.CharField(max_length=32)  # deletion, objection:train-ai, access
    regime = models.CharField(max_length=16, blank=True)
    route = models.CharField(max_length=16)
    agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT)
    agent_request = models.CharField(max_length=200, blank=True)
    callback = models.URLField(blank=True)
    state = models.CharField(
        max_length=16
    )  # open, in_progress, fulfilled, revoked, denied, expired
    reason = models.CharField(max_length=32, blank=True)  # of in_progress or denied
    said = models.TextField(blank=True)  # the refusal in words, for its person
    restricted = models.BooleanField(default=True, db_index=True)
    due = models.DateField()
    evidence = models.JSONField(default=list)
    opened = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="request")
    opened_at = models.DateTimeField()
    decided = models.OneToOneField(
        Entry, null=True, blank=True, on_delete=models.PROTECT, related_name="decision"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    appeal = models.TextField(blank=True)
    appealed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["agent", "agent_request"],
                condition=~Q(agent=None),
                name="an_agents_request_once",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class Proposal(models.Model):
    """A refusal or a lift that one has proposed and a second must confirm."""

    kind = models.CharField(max_length=16)  # refuse, lift
    about = models.CharField(max_length=64)  # the request's id, the hold's number
    payload = models.JSONField(default=dict)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="proposals"
    )
    at = models.DateTimeField()
    second = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="confirmed",
    )
    settled_at = models.DateTimeField(null=True, blank=True)
    agreed = models.BooleanField(null=True, blank=True)


class Authority(models.Model):
    """A supervisory authority, and the key that signs its orders (a C2SP verifier key)."""

    name = models.CharField(primary_key=True, max_length=200)
    key = models.CharField(max_length=200)
    countries = models.JSONField(default=list)  # empty: everywhere
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="authority",
    )
    active = models.BooleanField(default=True)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="authority")
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "authorities"

    def __str__(self) -> str:
        return self.name


class Hold(models.Model):
    """A scope that nobody may use, by the operator's or an authority's word."""

    scope = models.JSONField(default=dict)
    by = models.CharField(max_length=200)
    authority = models.ForeignKey(
        Authority, null=True, blank=True, on_delete=models.PROTECT, related_name="holds"
    )
    order = models.TextField(blank=True)  # the signed note, as it came
    order_id = models.CharField(max_length=64, null=True, blank=True, unique=True)
    starts = models.DateField(null=True, blank=True)  # none: at once
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="hold")
    at = models.DateTimeField()
    lifted_by = models.CharField(max_length=200, blank=True)
    lifted_entry = models.OneToOneField(
        Entry, null=True, blank=True, on_delete=models.PROTECT, related_name="lift"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_order = models.TextField(blank=True)


class Opening(models.Model):
    """What gives a line of the book its meaning. Deleting the row erases that meaning for ever."""

    entry = models.OneToOneField(
        Entry, primary_key=True, on_delete=models.PROTECT, related_name="opening"
    )
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT)
    nonce = models.BinaryField(max_length=32)
    payload = models.JSONField()


class Letter(models.Model):
    """A letter to be sent: the outbox is read, nobody is called."""

    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="letters")
    to = models.EmailField()
    kind = models.CharField(max_length=32)
    language = models.CharField(max_length=16)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, db_index=True)  # none: sent, or given up
    attempts = models.IntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)  # a class and a code, never an address
    delivery = models.ForeignKey(
        Delivery, null=True, blank=True, on_delete=models.SET_NULL, related_name="letters"
    )
    answers = models.CharField(max_length=500, blank=True)  # the Message-ID that this replies to


class Incoming(models.Model):
    """A mail that reached us: taken once, by its Message-ID's mark; its words wait for the desk
    only where nobody could tell what it asks."""

    mark = models.BinaryField(primary_key=True, max_length=16)
    came_at = models.DateTimeField()
    outcome = models.CharField(max_length=16)  # objection, bounce, unknown, unclear, automatic
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    sender = models.EmailField(blank=True)
    words = models.TextField(blank=True)  # emptied when settled
    settled_at = models.DateTimeField(null=True, blank=True)


class LinkAsked(models.Model):
    """Somebody says that two accounts are theirs; it becomes true when both have said so."""

    one = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="links_asked")
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    agreed = models.BooleanField(null=True, blank=True)


class NamedIn(models.Model):
    """A plain name in somebody else's post: proposed to the person, who confirms or rejects it."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="named_in")
    post = models.CharField(max_length=32)
    start = models.IntegerField()
    end = models.IntegerField()
    confirmed = models.BooleanField(null=True, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "post", "start"], name="named_once")
        ]


class Answered(models.Model):
    """An answer that was given: when, by which model. Not who asked, not what was said."""

    at = models.DateTimeField(db_index=True)
    surface = models.CharField(max_length=16)
    model = models.CharField(max_length=64, blank=True)


class Spoken(models.Model):
    """The salted hash of a run of words in an answer, to be found again by whoever wrote it."""

    answer = models.ForeignKey(Answered, on_delete=models.CASCADE, related_name="spoken")
    mark = models.BinaryField(max_length=16, db_index=True)


class Built(models.Model):
    """What a build decided, in numbers: posts by reason, kept by shard."""

    at = models.DateTimeField()
    policy = models.CharField(max_length=64)
    kept = models.JSONField()
    reasons = models.JSONField()


class Measured(models.Model):
    """What a released model can do, and for whom: the price of each No is the difference."""

    model = models.CharField(primary_key=True, max_length=64)
    at = models.DateTimeField()
    people = models.IntegerField()
    posts = models.IntegerField()
    shards = models.IntegerField()
    bits_per_byte = models.FloatField(null=True)


class Suppression(models.Model):
    """A keyed mark of something of a person who was erased: it is not used and not taken in again.

    kind: text, near, look (copies by others), account, email (the same person anew).
    """

    kind = models.CharField(max_length=8)
    mark = models.BinaryField(max_length=32)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "mark"], name="suppressed_once")
        ]
