"""Random rules of every kind, as the tests of the kinds draw them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hypothesis import strategies as st

from coverplan.constraints import CATALOGUE
from support.drawing import drawn

Document = dict[str, Any]
BY_KIND: dict[str, st.SearchStrategy[Document]] = {
    kind: import_module(f"constraints.test_{kind}").FIELDS for kind in CATALOGUE
}
"""Fields of each kind but id and penalty."""


def rules(kind: str) -> st.SearchStrategy[Document]:
    """A rule of this kind, hard or soft."""
    return drawn(kind, BY_KIND[kind])


def any_rule() -> st.SearchStrategy[Document]:
    """A rule of any kind."""
    return st.sampled_from(sorted(BY_KIND)).flatmap(rules)
