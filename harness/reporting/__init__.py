"""A verdict in forms that people read."""
