"""The core-level explorer: the token manager's own generators against an issuer's rules, in every order."""
