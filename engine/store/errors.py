"""What can go wrong in the store, as errors a caller may tell apart."""

from __future__ import annotations


class StoreError(Exception):
    """The store could not do its work; the text is fit for an operator."""


class StoreClosed(StoreError):
    """The store is closed or closing: nothing more is taken."""


class StoreNewer(StoreError):
    """The store was written by a newer version of the desk."""


class StoreBusy(StoreError):
    """Another process holds the store longer than we wait."""


class KeyRingError(StoreError):
    """The key ring is missing, unreadable, or not the one this store was made with."""


class KeyReused(StoreError):
    """An idempotency key came again with another body."""


class FileRefused(StoreError):
    """A named upload is not there, or not this person's to use."""


class BadCursor(StoreError):
    """A paging cursor that we did not give out."""


class NotFilterable(StoreError):
    """A condition holds something that the database cannot decide. `span` is where."""

    def __init__(self, message: str, span: object | None = None) -> None:
        super().__init__(message)
        self.span = span
