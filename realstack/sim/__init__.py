"""Participants that trade: market makers, takers and a momentum trader, over the public client.

They know only what any client knows. What they believe a market to be worth is `world`; how each
acts is in `maker`, `taker` and `momentum`; `run` puts them together.
"""
