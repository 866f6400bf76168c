"""What a visitor sees where a page breaks off by a defect of ours: a word and a way on. What it was stands in the server's log alone."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator

import streamlit as st

from dashboard import words
from selfsup_engine.errors import UserError


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Says that a page broke off. The error goes on to Streamlit, which writes its traceback into the log, under the number that is shown,
    and shows nothing of it: see `showErrorDetails` in .streamlit/config.toml, and `style` for what breaks off in a fragment."""
    try:
        yield
    except UserError as error:
        st.error(words.plain(error))
    except Exception as error:
        number = secrets.token_hex(3)
        error.add_note(f"This was shown as number {number}.")
        with st.container(key="broken", border=True):
            st.error(
                "Something went wrong on this page. That is our mistake and not yours, and nothing that you made is lost. "
                f"If it happens again, tell whoever runs this server the number {number}.",
                icon=":material/sentiment_dissatisfied:",
            )
            st.button("Try again", icon=":material/refresh:", key="after-a-fault")
        raise
