"""What readers may ask; they get copies.

Only other compiled modules call it: see the `.pxd`.
"""
