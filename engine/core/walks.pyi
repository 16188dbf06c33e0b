"""The parts of a venue's state on a tape: the arrays that `Core` points to, one walk for each.

Only other compiled modules call it: see the `.pxd`.
"""
