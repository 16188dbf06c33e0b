"""The way of commands through the rules: many in, their events out, without Python objects.

Only other compiled modules call it: see the `.pxd`.
"""
