"""Reading an object of a store: in large blocks where it is read in order, in small ones where it is not."""

from __future__ import annotations

import contextlib
import errno
import io
import os
from typing import Any

# What is read after a seek, about as much as a store delivers within its own latency; and at most.
READ_AHEAD, MOST_READ_AHEAD = 2**20, 2**23
LONGEST_REASON = 300


class ObjectFile(io.RawIOBase):
    """An open object, whose blocks double while they follow each other; whatever its reads raise becomes an OSError.

    Beam's own readers fetch 16 MiB after every seek, and files with tables in many places are read with hundreds.

    Raises:
        OSError: the store cannot tell the object's length.
    """

    def __init__(self, file: Any) -> None:
        # Amazon's: below the buffer is a stream, which goes on where it was.
        self._file = getattr(file, "raw", file)
        if hasattr(self._file, "_chunk_size"):  # Google's: it fetches this much, or what is asked for if that is more
            self._file._chunk_size = 1
        self._broken: OSError | None = None
        self._length: int = self._tried(self._file.seek, 0, os.SEEK_END)
        self._position = self._start = 0
        self._block = memoryview(b"")
        self._ahead = READ_AHEAD // 2

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` from the block at hand, or from the next one; give the count of bytes, 0 at the end."""
        within = self._position - self._start
        if not 0 <= within < len(self._block):
            self._fetch()
            within = 0
        part = self._block[within : within + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte, at no cost until something is read."""
        self._position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}[whence]
        return self._position

    def tell(self) -> int:
        """Give the place of the next byte."""
        return self._position

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be read in any order."""
        return True

    def close(self) -> None:
        """Let go of the block and of the store's own reader."""
        if not self.closed:
            self._block = memoryview(b"")
            with contextlib.suppress(Exception):  # nothing was written, so nothing can be lost
                self._file.close()
        super().close()

    def _fetch(self) -> None:
        skipped = self._position - self._start - len(self._block)
        goes_on = 0 <= skipped < self._ahead
        self._ahead = min(2 * self._ahead, MOST_READ_AHEAD) if goes_on else READ_AHEAD
        self._start, self._block = self._position, memoryview(b"")  # the old block goes before the next one comes
        count = min(self._ahead, self._length - self._position)
        if count > 0:
            self._tried(self._file.seek, self._position)
            self._block = memoryview(self._tried(self._file.read, count))
            if not self._block:
                raise self._break(EOFError(f"the object ends at byte {self._position} of {self._length}"))

    def _tried(self, function: Any, *args: Any) -> Any:
        if self._broken is not None:  # the store was asked again and again, for minutes: that was enough
            raise self._broken
        try:
            return function(*args)
        except Exception as error:  # each store has classes of its own
            raise self._break(error) from error

    def _break(self, error: Exception) -> OSError:
        self._broken = OSError(errno.EIO, reason(error))
        return self._broken


def reason(error: BaseException) -> str:
    """Give in a line why a file system, or the store behind it, refused."""
    details = getattr(error, "exception_details", None)  # Beam's, by path
    cause = next(iter(details.values())) if isinstance(details, dict) and details else error
    if getattr(cause, "code", None) == 404:
        return "there is no such object"
    told: tuple[Any, ...] = cause.args if isinstance(cause, BaseException) else ()
    # The text of Amazon's errors, in Beam's class for them, is that of the tuple of its arguments.
    text = getattr(cause, "strerror", None) or (told[0] if len(told) > 1 else str(cause)) or type(cause).__name__
    return " ".join(str(text).split())[:LONGEST_REASON]
