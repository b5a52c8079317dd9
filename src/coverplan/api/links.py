"""Links of the OpenAPI document: from an answer to the calls that take what it names, as in a run to its plan."""

from __future__ import annotations

from typing import Any

_NAMES = "x-names"
_LOCATION = {"description": "Path of what the answer is about.", "required": True, "schema": {"type": "string"}}


def located(**names: str) -> dict[str, Any]:
    """What `responses` says of an answer that has a Location.

    `names` has the runtime expressions of parameters that the answer names: every operation that has one of them in its
    path is linked, those of later routes too.
    """
    return {"headers": {"Location": _LOCATION}, _NAMES: names}


def link(document: dict[str, Any]) -> None:
    """Write out the links of all answers."""
    operations = [
        (path, operation["operationId"], {parameter["name"] for parameter in operation.get("parameters", [])})
        for path, methods in document["paths"].items()
        for operation in methods.values()
    ]
    for methods in document["paths"].values():
        for operation in methods.values():
            for response in operation["responses"].values():
                names: dict[str, str] = response.pop(_NAMES, {})
                links = {
                    target: {
                        "operationId": target,
                        "parameters": {name: value for name, value in names.items() if name in parameters},
                    }
                    for path, target, parameters in operations
                    if any(f"{{{name}}}" in path for name in names)
                }
                if links:
                    response["links"] = links
