"""Moving memory to and from a tape. One walk measures, writes and reads, so none can differ.

Only other compiled modules call it: see the `.pxd`.
"""
