"""Incidents: what people have after one, read into the entries of a ledger, and what those show."""
