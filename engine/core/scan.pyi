"""The digest by a full scan: it walks the books and trusts no sum or hash that is kept up.

Only other compiled modules call it: see the `.pxd`.
"""
