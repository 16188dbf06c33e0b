"""Order commands: place, cancel, replace, cancel all.

Only other compiled modules call it: see the `.pxd`.
"""
