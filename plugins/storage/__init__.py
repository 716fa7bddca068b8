"""Storages: databases, and where files lie."""
