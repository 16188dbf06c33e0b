"""What calls would trade: told when a command changed it.

Only other compiled modules call it: see the `.pxd`.
"""
