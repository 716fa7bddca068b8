"""Yingda (應答): the desk. What each room is for stands in `engine/README.md`."""

__version__ = "0.1.0"
