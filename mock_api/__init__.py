"""The servers. Never imports the harness."""
