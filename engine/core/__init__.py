"""The desk as pure decisions: no clock, no database, no network, no randomness. `decide()` is the door."""
