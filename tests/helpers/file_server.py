"""A file server with the faults of real servers: no ranges, lost connections, errors; and tars to serve."""

import http.server
import io
import re
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONTENT = bytes(range(256)) * 4000  # several reads


class Server(http.server.ThreadingHTTPServer):
    """Serves `files` and records the Range headers of requests. `behaviour` selects how it answers."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {"file.bin": CONTENT}
        self.range_headers: list[str | None] = []
        self.behaviour = "ranges"
        self.url = f"http://127.0.0.1:{self.server_port}/some/where"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        behaviour, requested = self.server.behaviour, self.headers.get("Range")
        self.server.range_headers.append(requested)
        content = self.server.files.get(self.path.removeprefix("/some/where/"))
        if behaviour == "overload" or content is None:
            return self.send_error(503 if behaviour == "overload" else 404)
        start = int(re.fullmatch(r"bytes=(\d+)-", requested)[1]) if requested and behaviour != "no ranges" else 0
        if start and start >= len(content):
            return self._answer(
                416, {"Content-Range": "bytes */" + ("*" if behaviour == "size hidden" else str(len(content)))}, b""
            )
        if behaviour == "other range" and start:
            start //= 2
        headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        self._answer(206 if start else 200, headers, content[start:])

    def _answer(self, status: int, headers: dict[str, str], content: bytes):
        self.send_response(status)
        chunked = self.server.behaviour.startswith("chunked")
        length = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(len(content))}
        for name, value in (headers | length).items():
            self.send_header(name, value)
        self.end_headers()
        if self.server.behaviour.endswith("breaks"):
            content = content[: len(content) // 2]
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content) if chunked else content)
        if chunked and not self.server.behaviour.endswith("breaks"):
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def log_message(self, *_):
        pass


@contextmanager
def running_server() -> Iterator[Server]:
    """Run the server in a thread."""
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def write_tar(files: dict[str, bytes], path: Path) -> bytes:
    """Write a tar and return its content."""
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path.read_bytes()
