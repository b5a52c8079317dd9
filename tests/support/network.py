"""A network between a worker and PostgreSQL that can fall silent, or be cut so that both sides notice it at once."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

import sqlalchemy as sa

_CHUNK = 1 << 16
_AT_ONCE = struct.pack("ii", 1, 0)
"""Of SO_LINGER: wait for nothing, and reset."""


class Network:
    """Forwards connections to the server's socket."""

    def __init__(self, url: str) -> None:
        parsed = sa.engine.make_url(url)
        self._server = f"{parsed.query['host']}/.s.PGSQL.{parsed.port or 5432}"
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._flows = threading.Event()
        self._flows.set()
        self._cut = False
        self._sockets = [self._listening]
        port = self._listening.getsockname()[1]
        far = parsed.set(host="127.0.0.1", port=port, query={})
        self.url = far.render_as_string(hide_password=False)
        """The database as it is seen through this network."""
        threading.Thread(target=self._accept, daemon=True).start()

    def fall_silent(self) -> None:
        """Let nothing through, in neither direction, from now on."""
        self._flows.clear()

    def cut(self) -> None:
        """Reset all connections, and new ones as they come, from now on."""
        self._cut = True
        for one in self._sockets[1:]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RD)  # wakes its thread, which resets it
        del self._sockets[1:]

    def recover(self) -> None:
        """Let everything through, also what was held up."""
        self._cut = False
        self._flows.set()

    def close(self) -> None:
        """Cut everything."""
        self._flows.set()
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                if self._cut:
                    _reset(near)
                    continue
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._server)
                self._sockets += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                self._flows.wait()
                target.sendall(data)
        self._flows.wait()
        for one in (source, target):
            with contextlib.suppress(OSError):
                _reset(one) if self._cut else one.shutdown(socket.SHUT_RDWR)


def _reset(connection: socket.socket) -> None:
    """Close a connection so that the other side's next read or write fails."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    connection.close()


@contextlib.contextmanager
def network(url: str) -> Iterator[Network]:
    """A network of its own to the database with this URL."""
    made = Network(url)
    try:
        yield made
    finally:
        made.close()
