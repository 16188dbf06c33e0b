"""What the journal promises: its bytes, its verdicts, its files."""
