"""Resting and removing orders.

Only other compiled modules call it: see the `.pxd`.
"""
