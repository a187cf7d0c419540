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


class Person(models.Model):
    """Somebody, with every account known to be theirs."""

    id = models.CharField(primary_key=True, max_length=32)
    secret = models.BinaryField(max_length=32)  # makes their tags; stands in their receipts
    email = models.EmailField(blank=True, db_index=True)
    country = models.CharField(max_length=2, blank=True)
    language = models.CharField(max_length=16, blank=True)
    born = models.DateField(null=True, blank=True, db_index=True)  # the latest that was claimed
    opted_in = models.BooleanField(default=False)
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
    line = models.BigIntegerField()  # of the book: when these facts were last learned

    def __str__(self) -> str:
        return self.id


class GroupDeclared(models.Model):
    """A group whose posts the operator's records say are public."""

    name = models.CharField(primary_key=True, max_length=500)
    line = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "groups declared public"


class Import(models.Model):
    """An import that the database has acknowledged; its posts belong in the lake."""

    id = models.CharField(primary_key=True, max_length=32)
    platform = models.CharField(max_length=64)
    counts = models.JSONField()
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT)
    at = models.DateTimeField()


class Delivery(models.Model):
    """A notice to a person: when it was queued, when a mail server took it, when it was seen."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="notice")
    queued_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"


class Objection(models.Model):
    """A No. It covers everything its person has, and stands until they take it back themselves."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="objections")
    scope = models.JSONField(default=dict)  # empty: everything
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
                fields=["person"], condition=Q(withdrawn_at=None), name="one_no_is_enough"
            )
        ]

    def __str__(self) -> str:
        return f"objection {self.entry_id}"


class Hold(models.Model):
    """A scope that nobody may use, by the operator's or an authority's word."""

    scope = models.JSONField(default=dict)
    by = models.CharField(max_length=200)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="hold")
    at = models.DateTimeField()
    lifted_by = models.CharField(max_length=200, blank=True)
    lifted_entry = models.OneToOneField(
        Entry, null=True, blank=True, on_delete=models.PROTECT, related_name="lift"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)


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
    kind = models.CharField(max_length=16)
    language = models.CharField(max_length=16)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, db_index=True)  # none: sent, or given up
    attempts = models.IntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)  # a class and a code, never an address


class Suppressed(models.Model):
    """The hash of a text by somebody who was erased: copies by others are not used either."""

    text_hash = models.BinaryField(primary_key=True, max_length=16)
