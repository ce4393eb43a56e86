"""A server of files that does what servers do: ranges or none, breaks, refusals; and tars to serve."""

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
    """Serves `files`; `asked` are the Range headers so far. `how` it answers is for the test to say."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {"file.bin": CONTENT}
        self.asked: list[str | None] = []
        self.how = "ranges"
        self.url = f"http://127.0.0.1:{self.server_port}/some/where"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        how, asked = self.server.how, self.headers.get("Range")
        self.server.asked.append(asked)
        content = self.server.files.get(self.path.removeprefix("/some/where/"))
        if how == "overload" or content is None:
            return self.send_error(503 if how == "overload" else 404)
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and how != "no ranges" else 0
        if start and start >= len(content):
            return self._answer(416, {"Content-Range": "bytes */" + ("*" if how == "coy" else str(len(content)))}, b"")
        if how == "other range" and start:
            start //= 2
        where = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        self._answer(206 if start else 200, where, content[start:])

    def _answer(self, status: int, headers: dict[str, str], content: bytes):
        self.send_response(status)
        chunked = self.server.how.startswith("chunked")
        length = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(len(content))}
        for name, value in (headers | length).items():
            self.send_header(name, value)
        self.end_headers()
        if self.server.how.endswith("breaks"):
            content = content[: len(content) // 2]
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content) if chunked else content)
        if chunked and not self.server.how.endswith("breaks"):
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def log_message(self, *_):
        pass


@contextmanager
def serving() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def tar_of(files: dict[str, bytes], path: Path) -> bytes:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path.read_bytes()
