"""How long a test waits for what may hang: far beyond any load, so that it decides no test that does not hang."""

HANG = 600.0  # s; with eight times as much to do as the machine can, no wait of the tests takes a tenth of it
