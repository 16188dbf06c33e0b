"""Tests of snapshots: format, folder, follower, start."""
