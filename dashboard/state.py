"""What a page shows, kept in the session and in the address bar. The only owner of `st.session_state` and `st.query_params`.

A view lives in the address bar, so that a link brings it back, and in the session, because Streamlit drops the address bar's
parameters when the page changes. Whatever is wrong in a link falls back to the default, field by field.
"""

import time
from typing import Any, Literal, NoReturn, TypeVar

import streamlit as st
from pydantic import ValidationError

from dashboard.views import View, in_link

V = TypeVar("V", bound=View)
LATE = 1.0  # seconds in which a click may still carry the address from before


def load(kind: type[V]) -> V:
    """The page's view: from the address bar if it says anything new, else as it was left in this session.

    Not new is what it said when the view was kept (see `keep`). Nor is, for a moment, what it said before it was brought up to the
    view: a click may have been on its way before the browser heard of that.
    """
    bar = dict(st.query_params)
    said = {name: bar[name] for name in kind.model_fields if name in bar}
    left: V | None = st.session_state.get(kind.__name__)
    older, newest, at = st.session_state.get(_told(kind), ([], {}, 0.0))
    if bar == newest:  # the browser has heard of it
        st.session_state[_told(kind)] = [], newest, at
    late = bar in older and time.monotonic() - at < LATE
    if not said or (left is not None and (late or bar == st.session_state.get(_ahead(kind)))):
        return left.model_copy() if left is not None else kind()
    view, wrong = kind(), []
    for name, value in said.items():
        try:
            setattr(view, name, value)
        except ValidationError:
            wrong.append(name)
    if wrong:
        st.toast(f"The link is wrong about: {', '.join(wrong)}. The usual is shown there.", icon=":material/link_off:")
    return view


def keep(view: View) -> None:
    """Keeps the view for this session: what is on its way need not be in the address bar, each change of which is a step back.

    Until the address bar says something else, the view that was kept is ahead of it.
    """
    st.session_state[type(view).__name__] = view.model_copy()
    st.session_state[_ahead(type(view))] = dict(st.query_params)


def _ahead(kind: type[View]) -> str:
    return f"ahead:{kind.__name__}"


def rerun(view: View, scope: Literal["app", "fragment"] = "app") -> NoReturn:
    """Draws the page, or the fragment, anew for the view as it is now.

    The address bar is brought up to it only then: a rerun drops whatever has not been sent to the browser yet.
    """
    keep(view)
    st.rerun(scope=scope)


def save(view: View) -> None:
    """Keeps the view, and brings the address bar up to it."""
    st.session_state[type(view).__name__] = view.model_copy()
    st.session_state.pop(_ahead(type(view)), None)
    said = link(view)
    if (before := dict(st.query_params)) != said:
        older = st.session_state.get(_told(type(view)), ([], {}, 0.0))[0]
        st.session_state[_told(type(view))] = [*older, before], said, time.monotonic()
        st.query_params.from_dict(said)


def link(view: View) -> dict[str, str]:
    """What the address bar says of a view: its fields that are not the usual ones."""
    return {name: in_link(value) if isinstance(value, float) else str(value) for name, value in _changed(view).items()}


def kept(kind: type[V]) -> V:
    """The view as it was kept last in this session."""
    view: V | None = st.session_state.get(kind.__name__)
    return view.model_copy() if view is not None else kind()


def arrive(view: View) -> None:
    """Has the page of a view show it, whatever it showed before: for who goes there next."""
    st.session_state[type(view).__name__] = view.model_copy()
    st.session_state[_ahead(type(view))] = {}


def _told(kind: type[View]) -> str:
    return f"told:{kind.__name__}"


def _changed(view: View) -> dict[str, Any]:
    default = type(view)()
    return {
        name: value
        for name, value in view.model_dump().items()
        if value is not None and value != getattr(default, name)
    }


def remembered(key: str, default: Any = None) -> Any:
    """Something small that lives as long as the session and belongs into no link, such as what `undo` brings back."""
    return st.session_state.get(_kept(key), default)


def remember(key: str, value: Any) -> None:
    """Keeps it; None forgets it."""
    if value is None:
        st.session_state.pop(_kept(key), None)
    else:
        st.session_state[_kept(key)] = value


def _kept(key: str) -> str:
    return f"kept:{key}"  # a widget may have the same key, and what it holds is Streamlit's


def hold(key: str, value: Any) -> None:
    """Has the widget of that key show a value when it is drawn next in this run."""
    st.session_state[key] = value


def held(key: str) -> Any:
    """What the widget of that key holds, before it is drawn again; None before it was ever drawn."""
    return st.session_state.get(key)
