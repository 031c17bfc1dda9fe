"""The client of an address book's API."""

from addressbook.client import Client

__all__ = ["Client"]
