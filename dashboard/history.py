"""Steps that can be taken back and made again, for as long as the session lives."""

from typing import Any

from dashboard.state import remember, remembered

LIMIT = 200  # steps that are kept


class History:
    """What was on a page, step by step. An entry is anything that can be compared."""

    def __init__(self, key: str) -> None:
        self._key = f"history:{key}"
        self._entries, self._at = remembered(self._key, ([], -1))

    def note(self, entry: Any) -> None:
        """Adds a step, if it is one; what was taken back before it cannot be made again."""
        if self._at >= 0 and self._entries[self._at] == entry:
            return
        entries = [*self._entries[: self._at + 1], entry][-LIMIT:]
        self._move(entries, len(entries) - 1)

    def _move(self, entries: list[Any], at: int) -> Any:
        self._entries, self._at = entries, at
        remember(self._key, (entries, at))
        return entries[at]

    @property
    def can_undo(self) -> bool:
        return bool(self._at > 0)

    @property
    def can_redo(self) -> bool:
        return bool(self._at < len(self._entries) - 1)

    def undo(self) -> Any:
        """The entry before."""
        return self._move(self._entries, self._at - 1)

    def redo(self) -> Any:
        """The entry after."""
        return self._move(self._entries, self._at + 1)
