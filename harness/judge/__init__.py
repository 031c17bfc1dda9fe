"""The verdict: pure functions from a stored run to findings."""
