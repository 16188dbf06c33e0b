"""Deposits and withdrawals: what settlement and members do to balances.

Only other compiled modules call it: see the `.pxd`.
"""
