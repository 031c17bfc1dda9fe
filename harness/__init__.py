"""The client under test, and what judges it. Never imports the mock."""
