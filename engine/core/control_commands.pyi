"""Commands that set limits and kill switches.

Only other compiled modules call it: see the `.pxd`.
"""
