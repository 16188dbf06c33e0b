"""Deadlines of accounts, which cancel their orders when they are not renewed.

Only other compiled modules call it: see the `.pxd`.
"""
