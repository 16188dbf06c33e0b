"""The gateway's contract, over real sockets, in front of a real engine."""
