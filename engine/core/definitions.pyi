"""Definitions of assets, markets, accounts and the id window.

Only other compiled modules call it: see the `.pxd`.
"""
