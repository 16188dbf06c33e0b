"""The whole state of a venue on a tape, and back.

Only other compiled modules call it: see the `.pxd`.
"""
