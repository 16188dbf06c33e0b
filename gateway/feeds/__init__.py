"""What goes out to many: one follower a stream of the venue, one encoding of a frame for all."""
