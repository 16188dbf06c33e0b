"""Style rules as tests: what must hold for every file is checked by a machine, not by memory."""
