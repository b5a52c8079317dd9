"""From bytes to JSON: what JSON allows but no document may hold is found here, with its place."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from coverplan.payload.issues import MAX_ISSUES, IssueReport, PayloadError, json_safe, pointer

MAX_DEPTH = 64
MAX_FIELDS = 1000
MAX_DIGITS = 400
BLOCK = 1 << 20

_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_LONG = re.compile(rf"\d{{{MAX_DIGITS + 1}}}")
_PLAIN = frozenset((int, float, bool, type(None)))

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class JsonText:
    """A document that a JSON parser reads without surprise; `spoiled` are places whose issue is already reported."""

    data: bytes
    report: IssueReport = field(default_factory=IssueReport)
    spoiled: frozenset[str] = frozenset()


class _Marked(dict[str, object]):
    """An object with repeated or too many keys."""

    repeated: tuple[str, ...] = ()
    size = 0


class _LongNumber(str):
    """Digits that no number type holds."""

    __slots__ = ()


def read_json(data: bytes, at: str = "") -> object:
    """The parsed document; raises PayloadError for what `clean` reports."""
    text = clean(data, at)
    text.report.raise_errors()
    return json.loads(text.data)


def clean(data: bytes, at: str = "") -> JsonText:
    """Check the text. What can be mended (for the sake of finding further issues) is mended and reported.

    Raises PayloadError for what is no JSON at all, too deep or too wide.
    """
    report = IssueReport()
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip(b" \t\r\n"):
        _refuse(report, "empty_body", at)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        _refuse(report, "invalid_utf8", at, position=error.start)
    _check_depth(data, at, report)
    if not _suspicious(text, data, at, report):
        return JsonText(data)
    tree = _marked_tree(text)
    spoiled = _mend(tree, at, report)
    if not report.complete or any(issue.code == "too_many_fields" for issue in report.errors):
        raise PayloadError(report)
    return JsonText(json.dumps(tree).encode(), report, frozenset(spoiled))


def _refuse(report: IssueReport, code: str, at: str, **words: object) -> None:
    report.add(code, at, **words)  # type: ignore[arg-type]
    raise PayloadError(report)


def _suspicious(text: str, data: bytes, at: str, report: IssueReport) -> bool:
    """Parse once, keeping next to nothing; whether a second, closer look is needed."""
    found = bool(_SURROGATE.search(data))

    def look(pairs: list[tuple[str, object]]) -> None:
        nonlocal found
        found = found or len(pairs) > MAX_FIELDS or len(dict(pairs)) != len(pairs)

    try:
        json.loads(text, object_pairs_hook=look)
    except json.JSONDecodeError as error:
        _refuse(report, "invalid_json", at, reason=error.msg, line=error.lineno, column=error.colno)
    except ValueError:  # an integer with more digits than Python converts
        return True
    return found


def _marked_tree(text: str) -> object:
    """The parsed document; the first 1,000 objects with repeated or too many keys are marked."""
    marks = 0

    def mark(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal marks
        plain = dict(pairs)
        if (len(plain) == len(pairs) and len(pairs) <= MAX_FIELDS) or marks == MAX_ISSUES:
            return plain
        marks += 1
        marked = _Marked(plain)
        marked.size = len(pairs)
        if len(plain) < len(pairs):
            marked.repeated = tuple(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        return marked

    def whole(digits: str) -> object:
        return int(digits) if len(digits) <= MAX_DIGITS else _LongNumber(digits)

    return json.loads(text, object_pairs_hook=mark, parse_int=whole if _LONG.search(text) else None)


def _mend(tree: object, at: str, report: IssueReport) -> set[str]:
    """Report every mark and lone surrogate, replace what no later parser could read, and say where.

    Stops after the first 1,000 issues.
    """
    spoiled: set[str] = set()
    stack: list[tuple[object, Path]] = [([tree], ())]
    while stack and report.complete:
        node, path = stack.pop()
        if isinstance(node, _Marked):
            _report_marks(node, at, path, report)
        inner: list[tuple[object, Path]] = []
        for key, item in list(node.items()) if isinstance(node, dict) else enumerate(cast(list[object], node)):
            if type(item) in _PLAIN and type(key) is int:
                continue
            if item and isinstance(item, (dict, list)):
                inner.append((item, (*path, key)))
            mended = _mended(key, item, at, path, report)
            if mended is not None:
                spoiled.add(pointer(at, (*path, key)[1:]))
                _replace(node, key, mended)
                report.complete &= report.total < MAX_ISSUES
                if not report.complete:
                    break
        stack.extend(reversed(inner))
    return spoiled


def _mended(key: str | int, item: object, at: str, path: Path, report: IssueReport) -> tuple[str | int, object] | None:
    """The key and the item as a later parser can read them; None when they are fine."""
    place = (*path, key)[1:]
    if isinstance(key, str) and not key.isascii() and json_safe(key) != key:
        report.add("invalid_unicode", pointer(at, place), value=key)
        return json_safe(key), item
    if isinstance(item, _LongNumber):
        report.add("number_too_long", pointer(at, place), value=str(item), digits=len(item))
        return key, 0
    if isinstance(item, str) and not item.isascii() and (safe := json_safe(item)) != item:
        report.add("invalid_unicode", pointer(at, place), value=item)
        return key, safe
    return None


def _replace(node: object, key: str | int, mended: tuple[str | int, object]) -> None:
    if isinstance(node, dict):
        del node[key]
        node[mended[0]] = mended[1]
    elif isinstance(node, list):
        node[int(key)] = mended[1]


def _report_marks(node: _Marked, at: str, path: Path, report: IssueReport) -> None:
    for key in node.repeated:
        report.add("duplicate_key", pointer(at, (*path[1:], key)), value=key)
    if node.size > MAX_FIELDS:
        report.add("too_many_fields", pointer(at, path[1:]), count=node.size, limit=MAX_FIELDS)
    report.complete &= report.total < MAX_ISSUES


def _check_depth(data: bytes, at: str, report: IssueReport) -> None:
    """Refuse nesting beyond the limit before any recursive parser sees it."""
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return
    position = _too_deep(data)
    if position is not None:
        _refuse(report, "too_deep", pointer(at, _path_to(data[:position])), limit=MAX_DEPTH)


def _steps(block: bytes, inside: int) -> tuple[np.ndarray, int]:
    """+1 for each opening and -1 for each closing bracket outside strings, and whether the block ends in a string."""
    codes = np.frombuffer(block, np.uint8)
    quotes = np.cumsum(codes == ord('"'), dtype=np.int32) + inside
    outside = quotes & 1 == 0
    opening, closing = (codes == ord("[")) | (codes == ord("{")), (codes == ord("]")) | (codes == ord("}"))
    steps = (opening & outside).astype(np.int32) - (closing & outside)
    return steps, int(quotes[-1]) & 1


def _too_deep(data: bytes) -> int | None:
    """Position of the first bracket that opens a level beyond the limit."""
    data = _ESCAPE.sub(b"..", data) if b"\\" in data else data
    depth = inside = 0
    for start in range(0, len(data), BLOCK):
        steps, inside = _steps(data[start : start + BLOCK], inside)
        depths = np.cumsum(steps) + depth
        if (depths > MAX_DEPTH).any():
            return start + int(np.argmax(depths > MAX_DEPTH))
        depth = int(depths[-1])
    return None


def _path_to(prefix: bytes) -> Path:
    """The path at which a prefix of a document ends, found by closing what it leaves open."""
    steps, _ = _steps(_ESCAPE.sub(b"..", prefix), 0)
    open_brackets: list[int] = []
    for position in np.flatnonzero(steps):
        if steps[position] > 0:
            open_brackets.append(int(position))
        elif open_brackets:
            open_brackets.pop()
    closing = "".join("]" if prefix[position : position + 1] == b"[" else "}" for position in reversed(open_brackets))
    try:
        node: object = json.loads(prefix.decode() + "null" + closing)
    except ValueError:
        return ()
    path: list[str | int] = []
    while isinstance(node, list | dict) and node:
        if isinstance(node, list):
            path.append(len(node) - 1)
            node = node[-1]
        else:
            path.append(next(reversed(node)))
            node = node[path[-1]]
    return tuple(path)
