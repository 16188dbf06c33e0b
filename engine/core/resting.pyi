"""What happens to a working order besides trading: it is found, cancelled, forgotten.

Only other compiled modules call it: see the `.pxd`.
"""
