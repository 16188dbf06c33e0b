"""A look at the commands that come next: hashes of their ids and bodies, and their memory.

Only other compiled modules call it: see the `.pxd`.
"""
