"""RealStack: an exchange for tokenized real-world assets.

The public package: the command line, the client, the settings and the generated wire types.
"""
