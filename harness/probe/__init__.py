"""Asks an auth server what it does with a refresh token that is used twice, late, or several times at once."""
