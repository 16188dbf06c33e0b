"""Trading phases: who may do what, how a phase changes, and what time ends.

Only other compiled modules call it: see the `.pxd`.
"""
