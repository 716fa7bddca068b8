"""Whole stories on real parts: the server as a process, a real browser, real sockets, a real disk."""
