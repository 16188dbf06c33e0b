"""The market service's contract, over real sockets and a real database."""
