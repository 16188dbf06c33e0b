"""What tests of several parts need: databases, venues and ways to wait."""
