"""The service describes itself."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from coverplan.api.app import create_app
from coverplan.constraints import CATALOGUE
from coverplan.payload.issue_codes import CATALOGUE as CODES
from coverplan.settings import Settings


def get(path: str, **settings: Any) -> Any:
    app = create_app(Settings(**{"warm_children": 0, **settings}))

    async def call() -> httpx.Response:
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client,
        ):
            return await client.get(path)

    return asyncio.run(call()).json()


def test_constraint_kinds_are_those_of_the_catalogue() -> None:
    kinds = get("/v1/constraint-kinds")["items"]

    assert [kind["kind"] for kind in kinds] == list(CATALOGUE)
    for kind in kinds:
        assert kind["doc"]
        assert kind["unit"]
        assert kind["parameters"]["properties"]["kind"]["const"] == kind["kind"]
        assert all("description" in field for name, field in kind["parameters"]["properties"].items() if name != "kind")


def test_issue_codes_can_be_paged_through() -> None:
    codes, cursor = [], "0"
    while cursor is not None:
        page = get(f"/v1/issue-codes?limit=30&cursor={cursor}")
        assert len(page["items"]) <= 30
        codes += [item["code"] for item in page["items"]]
        cursor = page["next_cursor"]

    assert codes == sorted(CODES)


def test_limits_are_the_settings() -> None:
    limits = get("/v1/limits", max_accounts=77, max_body_mb=2)

    assert (limits["max_accounts"], limits["max_body_bytes"]) == (77, 2 * 1024 * 1024)


def test_readiness_says_what_is_missing() -> None:
    """Children need a while to start: just after the start there is none."""
    assert get("/readyz")["ready"]  # none is kept warm, so none is waited for
    missing = get("/readyz", warm_children=1)
    assert missing["code"] == "not_ready"
    assert "solver child" in missing["detail"]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    assert len(Settings.model_fields[name].description or "") > 20


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVERPLAN_ALLOWED_HOSTS", '["a.example"]')
    monkeypatch.setenv("COVERPLAN_SLOTS", "3")

    settings = Settings()

    assert (settings.allowed_hosts, settings.slots, settings.idle_children) == (["a.example"], 3, 3)
