"""HTTP as it comes over the wire: parsed by httptools, a tenth less work for a request than h11, with the limit on headers that h11 has."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX = 65_536
"""Of the line and the headers of a request, while they are not complete; as h11 and most proxies have it or less."""
_TOO_LARGE = "The headers are too large."


class Wire(HttpToolsProtocol):
    """One connection. The parser itself would collect headers without an end."""

    #: Bytes that came since the last request was complete, as long as the headers of the next one are not.
    _head_bytes = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Take what came, unless the head of a request is too large."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
            self.send_400_response(_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """What follows is the body."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What follows is another request."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_complete()
