"""Mass quotes: all of an account's quote in one market, replaced in one command.

Only other compiled modules call it: see the `.pxd`.
"""
