"""Two nodes, one venue: what leader and standby may do, and how the journal goes between them.

`leader.py` and `standby.py` decide and do nothing else; `lease.py` says who may change roles.
"""
