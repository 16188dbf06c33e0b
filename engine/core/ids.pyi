"""The id window: every client id of an accepted command, for a stated time and number.

Only other compiled modules call it: see the `.pxd`.
"""
