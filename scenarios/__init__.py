"""Locustfiles, and what they share. Only here is locust imported, and always first: it patches the process."""
