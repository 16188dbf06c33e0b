"""`realstack up`: the whole exchange on this machine, with nothing installed by hand.

    run          what happens in which order, from the first start to the last line
    folders      the data folder: layout, lock, starting anew
    keyring      API keys and keypairs
    demo         what is traded at the first start, and by whom
    instruments  the file that says what is traded, for settlement and the gateway
    tokens       config of the market program, mints, vaults and first deposits on chain
    definitions  the same assets, markets and accounts for the engine
    process      one process: started, ready, watched, stopped
    supervisor   all of them
    postgres     the embedded PostgreSQL
    figures      what the status line and the summary say
    ending       settle what is left, compare ledger and chain, stop

Start reading at `realstack.up.run`.
"""
