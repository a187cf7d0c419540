"""Tureluur: a small invented island, its people and what they write. Nobody in it exists."""
