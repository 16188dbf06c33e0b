"""Recorded markets, sent to a venue as orders and compared with what was recorded.

    lobster.py, mbo.py     readers of the two formats: files to records, with every rule checked
    plan.py                what is sent: orders, their names, steps; the book as it is planned
    lobster_plan.py        LOBSTER messages to steps
    mbo_plan.py            market-by-order events to steps
    mbo_book.py            the book that market-by-order records tell, for the comparison
    recording.py           a recording of either format: its plan, its comparison, its units
    port.py                the venue as a replay needs it
    desk.py, account.py    the same over its gRPC socket; encode, follower, queues serve them
    run.py, check.py       the loop over the steps, and what is compared after each
    listing.py, funding.py what is listed for a replay, and who pays in how much
    venue.py               a private venue when none runs, or the one that does
    settled.py             trades final on chain, ledger compared with it
    command.py             `realstack replay`

The plan is made from the recording alone and never looks at the venue; the comparison looks at the
venue and the recording, never at the plan. So an error in one shows in the other.
"""
