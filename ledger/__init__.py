"""What both sides say of a request: one vocabulary, of which neither the mock nor the harness is the owner."""
