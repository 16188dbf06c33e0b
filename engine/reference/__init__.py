"""The plain twin of the compiled core: the executable specification, slow and obvious.

Read `venue.py` first: it shows each command's way through the rules. Every other file is one noun.
"""
