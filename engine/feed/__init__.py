"""What the venue tells the world: streams made from released events alone, each with its sequence.

Every counter here is a function of the event stream, so a replay of the journal restores it.
Start reading at `engine.feed.feeds`.
"""
