"""The explorers: every order in which things can happen, instead of the one that luck brings."""
