"""A text of somebody's as one line that can be seen."""

JOINERS = "\u200c\u200d"  # without which words of Persian and Hindi, and families of emoji, fall apart


def one_line(text: str) -> str:
    """A text in one line with single spaces, without what cannot be seen: control characters, signs that turn the direction of writing
    around, halves of characters."""
    seen = (sign if sign.isprintable() or sign in JOINERS else " " * sign.isspace() for sign in text)
    return " ".join("".join(seen).split())
