"""Channels: how members reach the desk."""
