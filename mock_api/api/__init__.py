"""What is routed."""
