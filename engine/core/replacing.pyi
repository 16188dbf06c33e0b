"""Replace commands: another price or total quantity for a working order.

Only other compiled modules call it: see the `.pxd`.
"""
