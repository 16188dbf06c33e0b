"""The venue: give it commands in order, it gives back events. Start reading at `engine.core`."""
