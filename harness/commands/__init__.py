"""The commands of `race401`, a module each: `add` declares the options, `run` does it and returns the exit code."""
