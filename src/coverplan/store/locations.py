"""Places outside that callers may name: `s3://BUCKET/PATH`, `gs://...`, `az://CONTAINER/PATH` and `file:///PATH`.

A name is taken apart in one way only, and compared with what the operator allows piece by piece: no encoding, no dots,
no doubled slash, no user, port, query or fragment. Which host is asked is the operator's, never the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_URI = 1024
TENANT = "{tenant}"
"""In what is allowed: the caller's own tenant."""
_PLACE = re.compile(
    r"(?P<scheme>file|s3|gs|az)://(?P<bucket>[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]|)/(?P<path>.*)", re.DOTALL
)
_REFUSED = re.compile(r"[\x00-\x1f\x7f-\x9f\\%?#*\u2028\u2029\ud800-\udfff]")
_HOW = "it is none of s3://BUCKET/PATH, gs://BUCKET/PATH, az://CONTAINER/PATH and file:///PATH"


class InvalidLocationError(ValueError):
    """The text names no place; says why."""


@dataclass(frozen=True)
class Location:
    """One object or file."""

    scheme: str
    bucket: str
    parts: tuple[str, ...]

    @property
    def path(self) -> str:
        """Its key in the bucket, or its path below the root of the file system."""
        return "/".join(self.parts)

    @property
    def uri(self) -> str:
        """As callers write it."""
        return f"{self.scheme}://{self.bucket}/{self.path}"

    def below(self, name: str) -> Location:
        """What has this name in this folder."""
        return Location(self.scheme, self.bucket, (*self.parts, name))


@dataclass(frozen=True)
class Allowed:
    """A folder with all that is below it."""

    folder: Location

    def has(self, location: Location) -> bool:
        """Whether a place lies below it."""
        mine = self.folder
        same = (mine.scheme, mine.bucket) == (location.scheme, location.bucket)
        return same and len(location.parts) > len(mine.parts) and location.parts[: len(mine.parts)] == mine.parts


def read_location(text: str) -> Location:
    """The object or file that a text names.

    Raises:
        InvalidLocationError: it names none.
    """
    location = _read(text)
    if not location.parts:
        raise InvalidLocationError("it names no object")
    return location


def read_folder(text: str) -> Location:
    """The folder that a text names, with or without a slash at its end.

    Raises:
        InvalidLocationError: it names none.
    """
    return _read(text[:-1] if text.endswith("/") and not text.endswith("//") else text)


def allowed_for(tenant: str, folders: Sequence[str]) -> tuple[Allowed, ...]:
    """What a tenant may name of what the operator allows."""
    return tuple(Allowed(read_folder(folder.replace(TENANT, tenant))) for folder in folders)


def _read(text: str) -> Location:
    if len(text) > MAX_URI:
        raise InvalidLocationError(f"it is longer than {MAX_URI:,} characters")
    found = _PLACE.fullmatch(text)
    if found is None or (found["scheme"] == "file") is bool(found["bucket"]):
        raise InvalidLocationError(_HOW)
    if (wrong := _REFUSED.search(found["path"])) is not None:
        raise InvalidLocationError(f"its path has {wrong[0]!r}, which is not taken, encoded or not")
    parts = tuple(found["path"].split("/")) if found["path"] else ()
    if any(part in ("", ".", "..") for part in parts):
        raise InvalidLocationError("its path has an empty part, or one of dots")
    return Location(found["scheme"], found["bucket"], parts)
