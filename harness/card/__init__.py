"""Judge any client: races as data, a driver process, a card from the ledger alone. See docs/your-client.md."""
