"""Demur: AI trained on a community's public posts, that takes no for an answer."""
