"""The doors to the world: clock, storage, wire and the end of the process. Simulation swaps them."""
