"""`python -m settlement.localnet`: run a local network."""

from settlement.localnet.server import main

main()
