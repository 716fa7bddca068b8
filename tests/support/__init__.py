"""The real parts that tests stand on: PostgreSQL, Redis, mail, a browser. Their fixtures are in `tests/conftest.py`."""
