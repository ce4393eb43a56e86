"""A visitor of the app without a browser: the protocol of Streamlit, over a websocket, with Streamlit's own messages.

A visitor knows the widgets that the last runs of the page drew, changes them, and waits until the server says that
the run after it is finished. Like a browser it says of each widget whether a fragment holds it, sends the URL as the
page changed it, and uploads files over HTTP. Unlike a browser it draws nothing, keeps no messages for a later run, and
does not ask again on its own while a study runs.
"""

import asyncio
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Self
from urllib.parse import parse_qs

import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

SHOWN = ("alert", "exception")  # elements whose text says how a run ended
COOKIE = "_streamlit_xsrf"
FINISHED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


@dataclass
class Widget:
    """A widget as a page drew it last."""

    kind: str
    element: Any
    fragment: str


@dataclass
class Visitor:
    """One tab of a browser.

    Attributes
    ----------
    address : str
        Of the server, such as "localhost:8501".
    patience : float
        Seconds to wait for the end of a run; TimeoutError after it.
    widgets : dict
        The widgets of the page by their keys.
    pages : dict
        The identifiers of the pages by their names.
    alerts : list of str
        What the last run said in boxes: errors, warnings, exceptions.
    received : int
        Bytes from the server so far.
    """

    address: str
    patience: float
    socket: ClientConnection | None = None
    token: str = ""
    session: str = ""
    query: str = ""
    page: str = ""
    widgets: dict[str, Widget] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    alerts: list[str] = field(default_factory=list)
    received: int = 0
    _urls: list[FileURLs] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        answer = await asyncio.to_thread(requests.get, f"http://{self.address}/_stcore/health", timeout=60)
        self.token = answer.cookies[COOKIE]
        self.socket = await connect(
            f"ws://{self.address}/_stcore/stream",
            max_size=None,
            open_timeout=self.patience,
            ping_interval=None,
            subprotocols=["streamlit", self.token],
            origin=f"http://{self.address}",
            additional_headers={"Cookie": f"{COOKIE}={self.token}"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    def parameter(self, name: str) -> str:
        """Return a parameter of the URL, "" without one."""
        return parse_qs(self.query).get(name, [""])[-1]

    async def open(self, query: str = "") -> float:
        """Open the app at a URL's query; return the seconds until the page is drawn."""
        self.query = query
        return await self._run()

    async def go_to(self, page: str) -> float:
        """Choose a page by its name, as its link in the navigation does."""
        self.page = self.pages[page]
        return await self._run()

    async def choose(self, key: str, value: Any) -> float:
        """Change a widget, or press a button; return the seconds until what depends on it is drawn."""
        widget = self.widgets[key]
        state = WidgetState(id=widget.element.id)
        match widget.kind:
            case "button":
                state.trigger_value = True
            case "number_input":
                state.double_value = value
            case "selectbox":
                state.string_value = value
            case "multiselect":
                state.string_array_value.data.extend(value)
            case "bidi_component":
                state.json_trigger_value = value
            case "file_uploader":
                state.file_uploader_state_value.uploaded_file_info.add(**value)
            case kind:
                raise ValueError(f"{key} is a {kind}; expected a kind of widget that is known here")
        return await self._run(state, widget.fragment)

    async def upload(self, key: str, name: str, content: bytes) -> float:
        """Upload a file into a widget."""
        started = perf_counter()
        request = BackMsg()
        request.file_urls_request.request_id = name
        request.file_urls_request.session_id = self.session
        request.file_urls_request.file_names.append(name)
        self._urls = []
        await self.socket.send(request.SerializeToString())
        async with asyncio.timeout(self.patience):
            while not self._urls:
                self._take(await self.socket.recv())
        urls = self._urls[0]
        answer = await asyncio.to_thread(
            requests.put,
            f"http://{self.address}{urls.upload_url}",
            files={"file": (name, content)},
            headers={"X-Xsrftoken": self.token, "Origin": f"http://{self.address}"},
            cookies={COOKIE: self.token},
            timeout=self.patience,
        )
        answer.raise_for_status()
        await self.choose(key, {"name": name, "size": len(content), "file_id": urls.file_id, "file_urls": urls})
        return perf_counter() - started

    async def _run(self, state: WidgetState | None = None, fragment: str = "") -> float:
        """Ask for a run of the page or of one of its fragments; return the seconds until it is finished."""
        message = BackMsg()
        run = message.rerun_script
        run.query_string, run.page_script_hash, run.fragment_id = self.query, self.page, fragment
        run.context_info.color_scheme = "light"
        if state is not None:
            run.widget_states.widgets.append(state)
        self.alerts = []
        started = perf_counter()
        await self.socket.send(message.SerializeToString())
        async with asyncio.timeout(self.patience):
            while self._take(await self.socket.recv()) not in FINISHED:
                pass
        return perf_counter() - started

    def _take(self, data: bytes) -> int | None:
        """Take a message of the server; return how a script ended if this says it."""
        self.received += len(data)
        message = ForwardMsg.FromString(data)
        match message.WhichOneof("type"):
            case "script_finished":
                return message.script_finished
            case "new_session":
                self.session = message.new_session.initialize.session_id
                self.page = message.new_session.page_script_hash
                if not message.metadata.run.fragment_ids:
                    self.widgets = {}
            case "navigation":
                self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
            case "page_info_changed":
                self.query = message.page_info_changed.query_string
            case "file_urls_response":
                self._urls = list(message.file_urls_response.file_urls)
            case "delta" if message.delta.WhichOneof("type") == "new_element":
                self._draw(message.delta.new_element, message.delta.fragment_id)
        return None

    def _draw(self, element: Element, fragment: str) -> None:
        kind = element.WhichOneof("type")
        drawn = getattr(element, kind)
        if kind == "alert":
            self.alerts.append(drawn.body)
        elif kind == "exception":
            self.alerts.append(f"{drawn.type}: {drawn.message}")
        elif identifier := getattr(drawn, "id", ""):
            # A widget that is new after each use has a number at the end of its key.
            key = "upload" if kind == "file_uploader" else identifier.rpartition("-")[2]
            self.widgets[key] = Widget(kind, drawn, fragment)
