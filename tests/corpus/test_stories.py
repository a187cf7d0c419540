"""What happens to somebody's posts when the law is applied to a lake."""

from __future__ import annotations


def test_nobody_objects_and_everything_public_is_kept(village) -> None:  # type: ignore[no-untyped-def]
    manifests = village.build()
    assert sum(manifest.posts for manifest in manifests) == 4
    assert len(village.kept()) == 4
