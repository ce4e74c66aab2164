"""The one error that a user's input can cause."""


class InputError(ValueError):
    """What the user gave cannot be used.

    The message is one line that names the input, the fault and the remedy; the command line prints it and
    exits with 2, without a traceback.
    """
