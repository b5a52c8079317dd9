"""Files for those who run the service: alert rules, a dashboard, and manifests for Kubernetes."""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

Document = Literal["alerts", "dashboard", "kubernetes"]
_FILES: dict[Document, str] = {
    "alerts": "alerts.yaml",
    "dashboard": "dashboard.json",
    "kubernetes": "kubernetes.yaml",
}


def text_of(document: Document) -> str:
    """The text of one of them."""
    return (files(__package__) / _FILES[document]).read_text(encoding="utf-8")
