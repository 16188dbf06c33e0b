"""What is particular to the compiled core: its layout, and memory that grows and is reused."""
