"""From the wire to the routes."""
