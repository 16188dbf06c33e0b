"""The plain gRPC front: decodes and checks at the edge, submits, and serves the feeds.

Start reading at `engine.rpc.front`. What a caller may do is the table in `engine.rpc.roles`.
"""
