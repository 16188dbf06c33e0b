"""Limits and kill switches.

Only other compiled modules call it: see the `.pxd`.
"""
