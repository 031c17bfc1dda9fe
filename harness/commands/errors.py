"""How a command refuses."""


class CommandError(Exception):
    """What was asked can't be done as asked: one line, exit code 2. It says what is wrong and what would be right."""
