"""The venue on this machine: a folder, a journal, a core, and the feeds that follow it.

    node = await Node.open(folder, venue_factory=Venue, feeds=[executions, book, ...])

    node.submit(commands, receiver)      # -> None; unstamped COMMAND array, 1 to 4,096 long
        Raises Busy, Halted or Closed (all NotTaken: definitely not sequenced). Later exactly one of
        receiver.released(Answer) or receiver.refused(NotTaken) is called, on the loop. Answers come
        in the order of submission. One submission is one unit: it is never split over two frames.
        The node keeps the array: do not change it afterwards.
    answer = await node.execute(commands)            # the same for one caller that waits
    sequence, value = await node.read(query)         # query(venue) at `sequence`, told when durable
    await node.durable(sequence)                     # wait until that sequence is durable

    node.venue                   # the core; runs ahead of the disk, so read it through `read`
    node.applied_sequence        # last sequence the core has applied
    node.durable_sequence        # last sequence on disk: what may be told
    node.subscribe_released(callback) -> unsubscribe # callback(Batch), in order, each once
    node.statistics() -> NodeStatistics              # frozen, integers
    await node.close()                               # drains, syncs, unlocks

A feed has `on_events(events: NDArray[EVENT]) -> None`. It sees every event from sequence 1 on, in
order, at replay and later when released; the borders of the calls mean nothing (a replay may bring
many commands at once). The order for a released batch is: feeds in their order, subscribers in
theirs, then the receivers. `Answer`, `Batch`, `Receiver` and the errors are in `engine.sequencer`.

All of it lives on the thread of one asyncio loop. A feed, subscriber or receiver that raises is a
bug and ends the process.
"""
