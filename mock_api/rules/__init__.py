"""What a server decides: pure."""
