"""History: which of somebody's kept answers may still be shown to them, and with which sources.

A kept answer may quote somebody who has said no since, or a friend's post in which a name has been
masked since. So whoever keeps answers keeps with each what it draws on, and asks here, every time,
before showing any of it or giving it to the model again. The posts themselves are not kept with an
answer: they are read anew, as they read now.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from demur.assistant.answer import Assistant, cite, hash_of
from demur.assistant.said import Citation, Drawn
from demur.serving.gate import surface


@surface("history")
def may_be_shown(assistant: Assistant, answers: Sequence[Sequence[Drawn]]) -> list[bool]:
    """For each kept answer, given what it draws on: may it be shown now, as it was said?

    A post that is gone, silent or reads otherwise by now takes the answer with it. Raises
    StandingUnreadable: then none that draws on anything may be.
    """
    wanted = sorted({drawn.post_id for answer in answers for drawn in answer})
    if not wanted:
        return [True] * len(answers)
    now = {post.post_id: hash_of(post.text) for post in assistant.heard().named(wanted)}
    return [all(now.get(d.post_id) == d.text_hash for d in answer) for answer in answers]


@surface("sources")
def sources(assistant: Assistant, post_ids: Collection[str]) -> dict[str, Citation]:
    """Those of these posts that may be shown now, by id. Raises StandingUnreadable: then none."""
    if not post_ids:
        return {}
    return {each.post_id: each for each in cite(assistant.heard().named(sorted(set(post_ids))))}
