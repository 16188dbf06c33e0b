"""Cancels that overtake the order that they are for.

Only other compiled modules call it: see the `.pxd`.
"""
