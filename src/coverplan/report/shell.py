"""What all pages share: templates, scripts, the data that scripts draw, and what the browser may do."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from coverplan.wording.words import count, money, number, percent, short_money

MARKUP = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def page_of(name: str, data: Mapping[str, Any], *, draws: bool, **views: Any) -> str:
    """The page of template `name`; its script draws `data`, unless there is nothing to draw."""
    scripts = _scripts(name) if draws else ()
    return (
        _environment()
        .get_template(f"{name}.html")
        .render(
            **views,
            data=data,
            json=_json(data),
            scripts=scripts,
            style=_style(name),
            policy_of_content=_content_policy(name),
        )
    )


def _json(data: Mapping[str, Any]) -> str:
    """JSON that cannot end its script element, nor start another."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for character, escape in MARKUP.items():
        text = text.replace(character, escape)
    return text


def _asset(name: str) -> str:
    found = files("coverplan.report").joinpath("templates", name)
    return found.read_text(encoding="utf-8") if found.is_file() else ""


@cache
def _style(name: str) -> str:
    """The shared style, and the page's own where it has one."""
    return "\n".join(dict.fromkeys(_asset(f"{one}.css") for one in ("report", name))).strip()


@cache
def _scripts(name: str) -> tuple[str, ...]:
    """The charting library, and what the page draws with it."""
    return get_plotlyjs(), f"{_asset('kit.js')}{_asset(f'{name}.js')}"


@cache
def _content_policy(name: str) -> str:
    """What the browser may do: run the two scripts by their hashes, and load nothing at all."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in _scripts(name))
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("coverplan.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "money": money,
        "short": short_money,
        "percent": percent,
        "number": number,
        "counted": count,
    }
    return environment
