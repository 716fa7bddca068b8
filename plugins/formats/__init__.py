"""Formats: how tables leave and enter."""
