"""A visitor without a browser: what Streamlit's page says over its WebSocket, and how long the server takes to answer.

It keeps of the messages what it needs to go on: which widgets there are, in which fragment each lies, and which fragments ask to be run
again every so often. It draws nothing, and asks for no script and no picture over HTTP: the time that a browser takes comes on top.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import time
from typing import Any

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

PATIENCE = 60.0  # seconds after which an answer does not come any more
KEPT_RUNS = 2  # runs for which the page keeps a large message that it was sent: Streamlit's own number
INTERNAL = "$$STREAMLIT_INTERNAL_KEY"  # what the id of a component's events begins with
FRAME = 1 / 60  # seconds: a hand's moves come no faster


class Trouble(Exception):  # noqa: N818
    """The server showed an error, or did not answer."""


class Visitor:
    """One tab. Everything it does is timed: `await visitor.open("gan")` gives seconds."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._turn = itertools.count(int(time.time() * 1000))
        self._socket: ClientConnection | None = None
        self._states: dict[str, WidgetState] = {}
        self._known: dict[
            str, tuple[ForwardMsg, int]
        ] = {}  # large messages by their hash, and the run in which each was needed last
        self._elements: dict[str, tuple[str, Any, str]] = {}  # kind, message and fragment by the widget's id
        self._again: dict[str, tuple[float, float]] = {}  # fragment: (interval, when it is due)
        self._pages: dict[str, str] = {}  # hash by path
        self._here, self._query, self._runs = "", "", 0
        self.received = 0  # bytes
        self.polls: list[float] = []  # seconds that fragments took which run by themselves

    # ------------------------------------------------------------------------------------------------------- what is done

    async def open(self, path: str, query: str = "") -> float:
        """Comes to a page: by its address the first time, by the menu after that."""
        if self._socket is None:
            self._socket = await connect(
                f"ws://{self._address}/_stcore/stream", subprotocols=["streamlit"], max_size=None, compression=None
            )
            return await self._run(query=query, page_name=path)
        self._states.clear()
        self._elements.clear()
        return await self._run(query=query, page_script_hash=self._pages[path])

    async def leave(self) -> None:
        """Closes the tab."""
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    async def choose(self, key: str, option: str) -> float:
        """Presses one of some options side by side."""
        identity, message, fragment = self._find(key)
        options = [one.content for one in message.options]
        if option not in options:
            raise Trouble(f"{key} has no {option!r}, only {options}")
        state = WidgetState(id=identity)
        state.string_array_value.data.append(option)
        return await self._change(state, fragment)

    async def put(self, key: str, number: float) -> float:
        """Moves a slider, or types a number."""
        identity, _, fragment = self._find(key)
        state = WidgetState(id=identity)
        if self._elements[identity][0] == "slider":
            state.double_array_value.data.append(number)
        else:
            state.double_value = number
        return await self._change(state, fragment)

    async def press(self, key: str) -> float:
        """Presses a button."""
        identity, _, fragment = self._find(key)
        try:
            return await self._change(WidgetState(id=identity, trigger_value=True), fragment)
        finally:
            self._states.pop(identity, None)

    async def tell(self, key: str, name: str, value: Any) -> float:
        """Has one of our components say where something stands; seconds until what it shows has come."""
        identity, _, fragment = self._find(key)
        before = self._states.get(identity)
        said = (json.loads(before.json_value) if before else {}) | {name: value}
        return await self._change(WidgetState(id=identity, json_value=json.dumps(said)), fragment, until=identity)

    async def drop(self, key: str, name: str, data: bytes) -> float:
        """Drops a file on one of our components."""
        identity, _, fragment = self._find(key)
        events = [{"event": "dropped", "value": [name, base64.b64encode(data).decode(), self.turn()]}]
        trigger = WidgetState(id=f"{INTERNAL}_{identity}__events", json_trigger_value=json.dumps(events))
        try:
            return await self._change(trigger, fragment)
        finally:
            self._states.pop(trigger.id, None)

    async def drag(self, key: str, seconds: float) -> list[float]:
        """Drags a slider of an instrument to and fro without a rest, one request at a time as its script does: seconds to each picture."""
        _, message, _ = self._find(key)
        shown = header(bytes(message.bytes))
        slider, truncation, address = shown["sliders"][0]["id"], shown["setting"]["truncation"], shown["address"]
        host, port = self._address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        took: list[float] = []
        began = time.perf_counter()
        try:
            while (gone := time.perf_counter() - began) < seconds:
                moves = {slider: round(2 * (2 * abs((gone / 2) % 2 - 1) - 1), 2) or 0.01}
                asked = time.perf_counter()
                seen = await self._ask(reader, writer, address, [moves, truncation, [], False, self.turn()])
                took.append(time.perf_counter() - asked)
                await asyncio.sleep(max(0.0, FRAME - took[-1], header(seen)["pause"] / 1000))
        finally:
            writer.close()
        await self.tell(key, "set", [moves, truncation, [], True, self.turn()])
        return took

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, question: Any
    ) -> bytes:
        """What the server answers past the page, over a connection that stays open as a browser's does."""
        body = json.dumps(question).encode()
        writer.write(
            f"POST /{address} HTTP/1.1\r\nHost: {self._address}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        )
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        answer = await reader.readexactly(length)
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise Trouble(head.decode())
        self.received += len(head) + length
        return answer

    async def think(self, seconds: float) -> None:
        """Does nothing for a while, but what the page does by itself."""
        until = time.perf_counter() + seconds
        while True:
            due = min(((at, fragment) for fragment, (_, at) in self._again.items()), default=(until, ""))
            await asyncio.sleep(max(0.0, min(due[0], until) - time.perf_counter()))
            if time.perf_counter() >= until:
                return
            interval, _ = self._again[due[1]]
            self._again[due[1]] = interval, time.perf_counter() + interval
            self.polls.append(await self._run(fragment=due[1], is_auto_rerun=True))

    def turn(self) -> int:
        """A number larger than all before."""
        return next(self._turn)

    def has(self, key: str) -> bool:
        """Whether there is a widget of that key."""
        return any(matches(identity, key) for identity in self._elements)

    @property
    def query(self) -> str:
        """What the address bar says after the question mark."""
        return self._query

    # ------------------------------------------------------------------------------------------------------- what is said

    def _find(self, key: str) -> tuple[str, Any, str]:
        for identity, (_, message, fragment) in self._elements.items():
            if matches(identity, key):
                return identity, message, fragment
        raise Trouble(f"no widget {key}")

    async def _change(self, state: WidgetState, fragment: str, until: str = "") -> float:
        self._states[state.id] = state
        return await self._run(fragment=fragment, until=until)

    async def _run(self, fragment: str = "", until: str = "", query: str | None = None, **about: Any) -> float:
        """Asks for a run; seconds until it is over, or until the widget `until` was drawn anew."""
        assert self._socket is not None
        message = BackMsg()
        client = message.rerun_script
        client.query_string = self._query if query is None else query
        client.page_script_hash = self._here
        client.fragment_id = fragment
        client.context_info.timezone, client.context_info.locale = "Europe/Berlin", "en-GB"
        client.cached_message_hashes.extend(self._known)
        client.widget_states.widgets.extend(self._states.values())
        for name, value in about.items():
            setattr(client, name, value)
        began = time.perf_counter()
        await self._socket.send(message.SerializeToString())
        seen: float | None = None
        if not fragment:
            self._again.clear()
        while True:
            try:
                data = await asyncio.wait_for(self._socket.recv(), PATIENCE)
            except TimeoutError as error:
                raise Trouble("no answer") from error
            self.received += len(data)
            told = ForwardMsg.FromString(bytes(data))
            kind = told.WhichOneof("type")
            if kind == "ref_hash":
                full = ForwardMsg()
                full.CopyFrom(self._known[told.ref_hash][0])
                self._known[told.ref_hash] = full, self._runs
                told, kind = full, "delta"
            elif told.metadata.cacheable:
                self._known[told.hash] = told, self._runs
            if kind == "delta":
                element = self._take(told.delta)
                if element == until and until and seen is None:
                    seen = time.perf_counter() - began
            elif kind == "new_session":
                self._here = told.new_session.page_script_hash
            elif kind == "navigation":
                self._pages = {page.url_pathname: page.page_script_hash for page in told.navigation.app_pages}
                self._here = told.navigation.page_script_hash
            elif kind == "page_info_changed":
                self._query = told.page_info_changed.query_string
            elif kind == "auto_rerun":
                interval = told.auto_rerun.interval
                self._again[told.auto_rerun.fragment_id] = interval, time.perf_counter() + interval
            elif kind == "stop_auto_rerun":
                self._again.clear()
            elif kind == "script_finished" and told.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                if told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    self._runs += 1
                    old = [name for name, (_, run) in self._known.items() if self._runs - run > KEPT_RUNS]
                    for name in old:
                        del self._known[name]
                return time.perf_counter() - began if seen is None else seen

    def _take(self, delta: Delta) -> str:
        """Takes a drawn element up; its widget's id, if it is one."""
        kind = delta.WhichOneof("type")
        if kind != "new_element":
            return ""
        name = delta.new_element.WhichOneof("type")
        if name is None:
            return ""
        message = getattr(delta.new_element, name)
        if name == "exception":
            raise Trouble(f"{message.type}: {message.message}")
        if name == "alert" and message.format == Alert.ERROR:
            raise Trouble(message.body)
        identity = str(getattr(message, "id", ""))
        if identity:
            self._elements[identity] = name, message, delta.fragment_id
        return identity


def matches(identity: str, key: str) -> bool:
    """Whether a widget's id is that of a key."""
    return identity.endswith(f"-{key}")


def header(data: bytes) -> dict[str, Any]:
    """What a component of ours was given, without its pictures; see `dashboard.components.scripted.blob`."""
    length = int.from_bytes(data[:4], "little")
    found: dict[str, Any] = json.loads(data[4 : 4 + length])
    return found
