"""What a page has offered can still be fetched a moment after it was drawn anew.

Pictures, and what a download button makes once it is pressed, lie with the server under an address. Streamlit 1.67 forgets those that no page names
any more as soon as any visitor's page is done (`MediaFileManager.remove_orphaned_files`): what is pressed while its page is drawn anew makes nothing,
and what it has made may be gone before the browser comes for it, the sooner, the more visitors there are.
"""

from __future__ import annotations

import time
import weakref

from streamlit.runtime.media_file_manager import MediaFileManager

LASTS = 20.0  # s: a slow line's way there and back, and its patience
_unnamed_since: weakref.WeakKeyDictionary[MediaFileManager, dict[str, float]] = weakref.WeakKeyDictionary()
_forget_pages = MediaFileManager.clear_session_refs


def mend() -> None:
    """To be called before a page is drawn; once is enough."""
    MediaFileManager.remove_orphaned_files = _remove_old  # type: ignore[method-assign,assignment]
    MediaFileManager.clear_session_refs = _forget  # type: ignore[method-assign,assignment]


def _remove_old(files: MediaFileManager) -> None:
    """Forgets what no page has named for `LASTS` seconds."""
    with files._lock:
        now = time.monotonic()
        before = _unnamed_since.get(files, {})
        unnamed = files._get_inactive_file_ids() | (files._deferred_callables.keys() - _named(files))
        since = _unnamed_since[files] = {address: before.get(address, now) for address in unnamed}
        for address in [address for address, then in since.items() if now - then >= LASTS]:
            del since[address]
            if address in files._deferred_callables:
                files._drop_deferred_id(address)
            else:
                files._delete_file(address)


def _named(files: MediaFileManager) -> set[str]:
    return {address for page in files._files_by_session_and_coord.values() for address in page.values()}


def _forget(files: MediaFileManager, session_id: str | None = None) -> None:
    """A page is drawn anew, or that of `session_id` has been left: then nobody presses there any more."""
    _forget_pages(files, session_id)
    if session_id is not None:
        with files._lock:
            for address in [*files._deferred_ids_by_session.get(session_id, ())]:
                files._drop_deferred_id(address)
