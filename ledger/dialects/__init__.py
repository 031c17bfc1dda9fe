"""How systems say the same things: which requests are refreshes, where the tokens are, and which answers refuse."""
