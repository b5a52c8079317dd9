"""Places outside that callers may name: `s3://BUCKET/PATH`, `gs://...`, `az://CONTAINER/PATH` and `file:///PATH`.

A name is taken apart in one way only, and compared with what the operator allows part by part: no encoding, no dots, no
doubled slash, no user, port, query or fragment. Which host is asked is the operator's to say, never the caller's.
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
_REFUSED = re.compile("[\x00-\x1f\x7f-\x9f\\\\%?#*\u2028\u2029\ud800-\udfff]")
"""What is read in more than one way, by people, shells, browsers or stores."""
_FORMS = "it is none of s3://BUCKET/PATH, gs://BUCKET/PATH, az://CONTAINER/PATH and file:///PATH"


class InvalidLocationError(ValueError):
    """The text names no place; says why."""


@dataclass(frozen=True)
class Location:
    """An object or a file; or a folder of them."""

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

    def is_in(self, folder: Location) -> bool:
        """Whether it lies in a folder, however deep, or is that folder."""
        same = (self.scheme, self.bucket) == (folder.scheme, folder.bucket)
        return same and self.parts[: len(folder.parts)] == folder.parts


def read_location(text: str) -> Location:
    """The object, file or folder that a text names; one slash at its end says nothing.

    Raises:
        InvalidLocationError: it names none.
    """
    if len(text) > MAX_URI:
        raise InvalidLocationError(f"it is longer than {MAX_URI:,} characters")
    found = _PLACE.fullmatch(text)
    if found is None or (found["scheme"] == "file") is bool(found["bucket"]):
        raise InvalidLocationError(_FORMS)
    if (wrong := _REFUSED.search(found["path"])) is not None:
        raise InvalidLocationError(f"its path has {wrong[0]!r}, which is not taken")
    path = found["path"].removesuffix("/")
    parts = tuple(path.split("/")) if path else ()
    if any(part in ("", ".", "..") for part in parts):
        raise InvalidLocationError("its path has an empty part, or one of dots")
    return Location(found["scheme"], found["bucket"], parts)


def is_location(text: str) -> bool:
    """Whether a text names a place."""
    try:
        read_location(text)
    except InvalidLocationError:
        return False
    return True


def allowed(folders: Sequence[str], tenant: str) -> tuple[Location, ...]:
    """The folders that the operator allows a tenant."""
    return tuple(read_location(folder.replace(TENANT, tenant)) for folder in folders)
