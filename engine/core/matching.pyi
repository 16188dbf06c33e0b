"""Price-time matching, self-trade prevention, and what an order could take before it does.

Only other compiled modules call it: see the `.pxd`.
"""
