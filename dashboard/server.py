"""What `make run` serves: the app, beside it /health for whoever supervises the server, and where a drag asks for its pictures.

Streamlit takes it from here that `app` is what to serve, and `dashboard/app.py` stays the entry script, which does without this
where a host runs nothing else. With this a server gets ready before its first visitor comes: training that was cut off goes on,
and torch is loaded.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from dashboard import direct

PATIENCE = 20.0  # seconds


def health(request: Request) -> JSONResponse:
    """200 if the server can do its work, else 503, with what is looked at. It does not wait for the disk in the server's own thread."""
    from dashboard import readiness

    ready, said = readiness.answer()
    return JSONResponse(said, 200 if ready else 503, headers={"Cache-Control": "no-store"})


@contextlib.asynccontextmanager
async def awake(app: st.App) -> AsyncIterator[None]:
    """Does at once what the first visitor's page would do, and at the end waits until the run in training is paused."""
    from dashboard import cache  # only now: what it keeps needs a server that runs

    jobs = cache.jobs()
    cache.warm_up()
    yield
    await asyncio.to_thread(jobs.close, PATIENCE)


def below() -> str:
    """The path that a proxy keeps for the app, below which all of it lies: "" or "/name"."""
    name = st.get_option("server.baseUrlPath").strip("/")
    return f"/{name}" if name else ""


app = st.App(
    ROOT / "dashboard" / "app.py", routes=[Route(f"{below()}/health", health), direct.route(below())], lifespan=awake
)
