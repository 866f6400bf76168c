"""Who is there, on a public host: a visitor, known by a cookie that nobody can guess. Streamlit reads cookies; a script has to set them."""

import streamlit as st

from dashboard import state
from selfsup_engine.limits import public
from selfsup_engine.training.visitors import TOKEN, new_token

COOKIE = "selfsup-visitor"
DAYS = 30  # for which a browser is known again; what it keeps here goes long before
_mount = st.components.v2.component(
    "visitor",
    js="""export default function ({ data, setStateValue }) {
  const [name, token, days] = data;
  const known = document.cookie.split("; ").find((one) => one.startsWith(name + "="))?.slice(name.length + 1);
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${known ?? token}; Path=/; Max-Age=${days * 86400}; SameSite=Lax${secure}`;
  if (known && known !== token) setStateValue("known", known); // which travels with every later click, too, should this message be lost
}
""",
)


def token() -> str:
    """What the visitor is known by in this session; who has no cookie is a new one."""
    kept: str | None = state.remembered("visitor")
    if kept is None:
        said = st.context.cookies.get(COOKIE, "")
        kept = said if TOKEN.fullmatch(said) else new_token()
        state.remember("visitor", kept)
    return kept


def greet() -> None:
    """Has the browser keep the visitor's token, for the next reload and for other tabs; of two tabs that were opened at once, both as new
    visitors, the second becomes the first."""
    if not public():
        return
    with st.container(key="visitor-unseen"):  # not to be seen
        said = _mount(key="visitor-cookie", data=[COOKIE, token(), DAYS], on_known_change=lambda: None).known
    if isinstance(said, str) and TOKEN.fullmatch(said) and said != token():
        state.remember("visitor", said)
        st.rerun()
