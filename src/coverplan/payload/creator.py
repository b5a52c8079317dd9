"""Who created something."""

from __future__ import annotations

from pydantic import Field

from coverplan.payload.base import Document


class Creator(Document):
    """The API key by which something was created."""

    key_id: str = Field(description="Id of the key.", examples=["key-0198b2c4d5e6a1b2c3d4e5f60718"])
    name: str | None = Field(default=None, description="What the key is for, as it was made.", examples=["planner"])


CREATED_BY = Field(
    default=None,
    description="The key by which it was created; null: without one, or by an earlier version.",
    examples=[{"key_id": "key-0198b2c4d5e6a1b2c3d4e5f60718", "name": "planner"}],
)
REQUEST_ID = Field(
    default=None,
    description="Id of the request that asked for it: lines of the service's and the workers' logs have it.",
    examples=["0f5c2b8e9d1a4c7fb3e6a5d49c8b7a61"],
)
