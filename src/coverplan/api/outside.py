"""Places outside that callers name, looked at before anything is begun."""

from __future__ import annotations

from collections.abc import Sequence

from coverplan.locations import InvalidLocationError, allowed, read_location
from coverplan.payload.issues import IssueReport


def check_place(report: IssueReport, pointer: str, uri: str, folders: Sequence[str], tenant: str, setting: str) -> None:
    """Add what is wrong with a place that a tenant names; the setting has these folders."""
    try:
        location = read_location(uri)
    except InvalidLocationError as error:
        report.add("invalid_uri", pointer, value=uri, reason=str(error))
        return
    if not any(location.is_in(folder) for folder in allowed(folders, tenant)):
        way_out = f"Use one that is, or have the operator add it to {setting}."
        report.add("uri_not_allowed", pointer, value=uri, suggestion=way_out)
