"""Why: what is known about somebody's posts and what the law says of each, as of now.

For "My data" and `demur explain`. It decides in plain Python from the lake and the people table,
so it is right the moment an objection stands, before any build. It changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import pyarrow.compute as pc

from demur.corpus import suppression
from demur.corpus.facts import Circumstances, Stands, gather
from demur.corpus.lake import Lake
from demur.corpus.mentions import whose_copies
from demur.corpus.stored import StoredPost
from demur.errors import NotFound
from demur.people import PersonId
from demur.policy import wording
from demur.policy.decision import Decision, decide
from demur.policy.facts import PlainFacts
from demur.policy.version import policy_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One post, what a rule may look at about it, and the decision with every reason."""

    stored: StoredPost
    facts: PlainFacts
    decision: Decision

    def sentences(self, language: str) -> list[str]:
        """The outcome and each reason, to the person it is about."""
        reasons = (wording.sentence(reason.rule, language) for reason in self.decision.reasons)
        return [wording.decision(self.decision, language), *reasons]

    def words(self) -> Iterator[str]:
        """Every fact by name, for whoever checks the decision: `post.audience: unknown`."""
        for group in ("post", "author"):
            for name, value in asdict(getattr(self.facts, group)).items():
                yield f"{group}.{name}: {str(value).lower() if isinstance(value, bool) else value}"
        yield f"today: {self.facts.today}"


def explain(lake: Lake, stands: Stands, person: PersonId) -> list[Explanation]:
    """Every stored post of a person, oldest first, as a build would decide it now."""
    stored = sorted(lake.posts_of(person), key=lambda each: (each.post.created_at, each.id))
    parts = [part for shard in range(lake.home.shards) for part in lake.parts(shard)]
    among = suppression.of_rows(each.row for each in stored)
    whose = whose_copies(stands.people, stands.narrowed)
    standing = Circumstances.of(stands, suppression.of_people(parts, whose, among))
    mine = stands.people.filter(pc.field("person") == person).to_pylist()
    accounts = {row["account"]: row for row in mine}
    policy, seen, explained = policy_hash(stands.regimes), set(), []
    for each in stored:
        account = accounts.get(each.post.account)
        what = (each.row["text_hash"], tuple(photo.sha256 for photo in each.post.photos))
        facts = gather(each.row, account, standing, repeats_own=False)
        decision = decide(facts, policy=policy)
        if decision.uses and what in seen:
            facts = gather(each.row, account, standing, repeats_own=True)
            decision = decide(facts, policy=policy)
        elif decision.uses:
            seen.add(what)
        explained.append(Explanation(stored=each, facts=facts, decision=decision))
    return explained


def explain_post(lake: Lake, stands: Stands, post_id: str) -> Explanation:
    """One post, by its id; `NotFound` where the lake does not hold it."""
    stored = lake.post(post_id)
    if stored is None:
        raise NotFound(f"There is no post {post_id} here; `demur explain ACCOUNT` lists the posts.")
    explained = explain(lake, stands, stored.person)
    return next(each for each in explained if each.stored.id == post_id)
