"""Snapshots: what a venue and its feeds knew at a sequence, so that a start need not replay all.

A snapshot is never the truth, the journal is. It is written by a process of its own that follows
the journal (`follower.py`), so the one that trades never pauses for it.
"""
