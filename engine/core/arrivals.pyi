"""The way of an arriving order: aim at the opposite side, match, settle, rest or be cancelled.

Only other compiled modules call it: see the `.pxd`.
"""
