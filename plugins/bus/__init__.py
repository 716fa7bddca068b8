"""Buses: how processes wake each other."""
