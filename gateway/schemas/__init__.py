"""What goes over the wire as JSON: requests are strict, answers are plain.

Prices, quantities and amounts are decimal text, times RFC 3339 text with nanoseconds. Numbers that
count from 1 without a gap (sequences, trade and batch ids) are integers; ids that use their 64 or
128 bits (orders, withdrawals, clients) are text.
"""
