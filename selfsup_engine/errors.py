"""The one kind of error that a person can cause.

Its message is shown as it stands, on a page or by the CLI, so it says what is wrong *and what to do*. Every other exception is a
defect of the program.
"""


class UserError(ValueError):
    """A mistake of the person's or of the world around them (no network, a broken file): one or two plain sentences."""
