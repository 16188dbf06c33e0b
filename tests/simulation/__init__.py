"""The whole venue on one thread: simulated clock, disk and network, faults drawn by a seed.

    ./dev sim --seeds 200            200 worlds, seeds 1 to 200
    ./dev sim --seeds 1 --seed 4711  one world again, the same to the bit
    ./dev sim --nightly              10,000 worlds in chunks, one report

A world (`world.py`) has machines, each with a disk and at most one living engine process, clients
that keep a ledger of what they were told, and a stub of settlement. First comes a storm, in which
only safety is demanded; then faults end, and everything must come to rest. `checks.py` says what
must hold. The engine's code is the real one; what stands in for threads, clock, disk and network is
here and in `tests/support/simulated_disk.py`.
"""
