"""What a mass quote will do: which orders go, stay and arrive, and whether it may.

Only other compiled modules call it: see the `.pxd`.
"""
