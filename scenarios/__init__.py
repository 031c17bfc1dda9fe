"""The locustfiles, each with its hypothesis, its conditions as data, and the verdicts that policies should get."""
