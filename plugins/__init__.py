"""The shelves: one folder a kind, one file a plugin. Every module here is found at start."""
