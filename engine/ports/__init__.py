"""The doors to the world: clock, storage, wire, and the end of the process.

Production and simulation give the engine the same four things; nothing else in it asks the machine.
"""
