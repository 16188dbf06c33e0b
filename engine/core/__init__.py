"""The pure heart: units, records, limits, rejects, book, ledger, matching. No clock, no I/O.

Plain modules say what commands and events are; the compiled ones apply them. The executable
specification of the same rules is `engine.reference`.
"""
