"""The call auction: at which price a crossed book trades, and the trades.

Only other compiled modules call it: see the `.pxd`.
"""
