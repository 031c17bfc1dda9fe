"""A recording reverse proxy: the ledger of an API that is not the mock, from real traffic."""
