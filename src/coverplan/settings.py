"""Settings of the service and its solver children, read from `COVERPLAN_*` environment variables."""

from __future__ import annotations

import os
import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from coverplan.locations import Location, allowed, is_location, read_location
from coverplan.machine import processors

MEGABYTE = 1024 * 1024
_PASSWORD_IN_URL = re.compile(r"(\w://[^\s/?#:@]*:)[^\s]*@")
_PASSWORD_WORD = re.compile(
    r"((?:password|secret|token|access_key|secret_access_key|account_key|sas_key)=)[^\s&;]+", re.IGNORECASE
)
PUBLIC = "public"
"""In a list of addresses: all of the open internet."""
ROOT_PATH = re.compile(r"(?!/v1(/|$))(/[A-Za-z0-9._~-]+)+")
"""What may stand before our own paths; one of our own would be ambiguous."""
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@*,]+")
ANY = "*"
"""In the list of origins: pages of all sites."""
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")


class Settings(BaseSettings):
    """Every setting is the environment variable of its name in capitals with `COVERPLAN_` before it."""

    model_config = SettingsConfigDict(env_prefix="COVERPLAN_", extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on. Anything but loopback needs API keys.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    insecure: bool = Field(False, description="Run open on an address that other machines reach, until a key exists.")
    require_keys: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Whether calls need an API key; auto: as soon as one exists, and always on an address that other "
        "machines reach, unless `insecure`.",
    )
    requests_per_minute: int = Field(
        6000, ge=1, description="Calls a minute of a key that has no limit of its own, in each process of the service."
    )
    running_runs: int = Field(
        20_000,
        ge=1,
        description="Queued and running runs of a tenant beyond which a key without an own limit adds none.",
    )
    stored_bytes: int | None = Field(
        None,
        ge=1,
        description="Stored bytes of a tenant (runs, batches with refused lines, experiments, datasets, policies) "
        "beyond which a key without an own limit adds none; unset: any number.",
    )
    max_keys: int = Field(
        100,
        ge=1,
        description="Most keys of one tenant that `POST /v1/keys` makes, those of a day and usable ones counted.",
    )
    audit_days: float = Field(90.0, gt=0, description="Days after which lines of the audit log are deleted.")
    allowed_hosts: list[str] = Field(
        default_factory=list,
        description="Host names to answer to beside loopback's, as a JSON list; empty on an insecure address: any.",
    )
    root_path: str = Field(
        "",
        description="Path below which a proxy shows the service, as `/coverplan`, whether it takes it off or not: "
        "Location headers and the servers of /openapi.json begin with it.",
    )
    trusted_proxies: list[str] = Field(
        default_factory=list,
        description="Addresses and networks of proxies, as a JSON list, of which X-Forwarded-For, -Proto, -Host and "
        "-Prefix are believed. `[]`: of none.",
    )
    cors_origins: list[str] = Field(
        default_factory=list,
        description="Origins of web pages that may call, as a JSON list (`https://planner.example`). `*`: all, which "
        "takes COVERPLAN_REQUIRE_KEYS=always. Cookies are never allowed: pages send the key themselves.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")

    metrics_host: str = Field("127.0.0.1", description="Address of the metrics of a worker.")
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="Port at which a worker shows its metrics, as `/metrics`; unset: nowhere."
    )

    slots: int = Field(default_factory=processors, ge=1, le=256, description="Solves that run at the same time.")
    warm_children: int | None = Field(
        None, ge=0, le=256, description="Idle solver children kept ready for small solves; unset: as many as slots."
    )
    queue_wait_s: float = Field(
        5.0, ge=0, le=600, description="Seconds that a request waits for a free slot before it is answered with 503."
    )
    queue_length: int = Field(32, ge=0, description="Requests that may wait for a slot; more are refused at once.")
    memory_limit_mb: int = Field(
        4096, ge=64, description="Memory (MB) of one solver child and its own children; above it they are killed."
    )
    grace_s: float = Field(
        0.8, ge=0, le=60, description="Seconds after its time limit at which a child that still runs is killed."
    )
    load_timeout_s: float = Field(
        120.0, gt=0, description="Seconds that a child may take to start, to read a job, or for a job without a limit."
    )
    recycle_after: int = Field(1000, ge=1, description="Jobs after which a warm child is replaced.")
    recycle_growth_mb: int = Field(
        256, ge=1, description="Growth of memory (MB) since its start at which a warm child is replaced."
    )
    work_dir: Path | None = Field(
        None, description="Folder for the temporary files of running solves; unset: the system's."
    )

    data_dir: Path = Field(
        default_factory=lambda: _state_home() / "coverplan",
        description="Folder of the embedded state: the database and the blobs, unless their URLs say otherwise.",
    )
    database_url: str | None = Field(
        None, description="`postgresql://...`, shared by any number of services and workers; unset: a file in data_dir."
    )
    blob_url: str | None = Field(
        None,
        description="Where requests and plans are kept: `file:///FOLDER`, `s3://BUCKET/PREFIX`, `gs://...` or "
        "`az://...`; unset: a folder in data_dir.",
    )
    source_uris: list[str] = Field(
        default_factory=list,
        description="Folders whose objects callers may name as tables of datasets, as a JSON list of URIs such as "
        "`s3://BUCKET/FOLDER/{tenant}` (`gs://`, `az://`, `file:///`); `{tenant}` is the caller's. Empty: none.",
    )
    retention_days: float = Field(30.0, gt=0, description="Days after its end at which a run is deleted.")
    max_attempts: int = Field(5, ge=1, description="Workers that may be lost over a run before it is given up.")

    webhook_allow: list[str] = Field(
        default_factory=lambda: [PUBLIC],
        description="What webhooks may call, as a JSON list of networks (`10.1.0.0/16`), host names, and `public` for "
        "all of the open internet; loopback, private, link-local and metadata addresses only if listed. `[]`: nothing.",
    )
    webhook_attempts: int = Field(
        10, ge=1, le=50, description="How often a webhook's message is sent at most while its receiver takes others."
    )
    webhook_failures: int = Field(
        5,
        ge=1,
        le=50,
        description="Failures in a row after which a webhook is left alone, but for one message now and then; at most "
        "COVERPLAN_WEBHOOK_ATTEMPTS.",
    )
    webhook_backoff_s: float = Field(
        10.0, gt=0, le=3600, description="Seconds before a message is sent again; twice as many each time, up to 1 h."
    )
    webhook_timeout_s: float = Field(10.0, gt=0, le=60, description="Seconds that a webhook may take to answer.")
    max_webhooks: int = Field(20, ge=0, description="Most webhooks of one tenant.")

    max_body_mb: float = Field(
        8.0, gt=0, le=1024, description="Largest body of a request (MB), counted after decompression."
    )
    max_body_values: int = Field(
        1_000_000,
        ge=1000,
        description="Most commas and opening brackets of a body: what its parsed form takes in memory depends on them.",
    )
    max_table_mb: float = Field(
        2048.0, gt=0, description="Largest table of a dataset (MB), counted after decompression."
    )
    max_table_rows: int = Field(20_000_000, ge=1, description="Most rows of a table of a dataset.")
    max_batch_lines: int = Field(100_000, ge=1, description="Most lines of a batch.")
    max_experiment_cells: int = Field(2000, ge=1, description="Most solves of an experiment.")
    max_experiment_rules: int = Field(50_000, ge=1, description="Most rules of all policies of an experiment together.")
    max_accounts: int = Field(10_000, ge=1, description="Most accounts of a problem that `POST /v1/solve` takes.")
    max_account_reps: int = Field(
        2_000_000, ge=1, description="Most accounts x reps of a problem that `POST /v1/solve` takes."
    )
    max_time_limit_s: float = Field(300.0, gt=0, description="Longest time limit that `POST /v1/solve` takes.")
    small_account_reps: int = Field(
        100_000, ge=0, description="Accounts x reps up to which a solve goes to a warm child instead of a fresh one."
    )
    head_timeout_s: float = Field(10.0, gt=0, description="Seconds within which the head of a request must arrive.")
    max_connections: int = Field(1000, ge=1, description="Most connections at a time; more are answered with 503.")
    body_timeout_s: float = Field(30.0, gt=0, description="Seconds within which the body of a request must arrive.")
    shutdown_s: float = Field(
        5.0, ge=0, description="Seconds that running requests get to end when the service is asked to stop."
    )

    @field_validator("webhook_allow")
    @classmethod
    def _check_addresses(cls, entries: list[str]) -> list[str]:
        for entry in entries:
            if not _is_network(entry) and not _HOST_NAME.fullmatch(entry):
                raise ValueError(f'"{entry}" is neither a network, nor a host name, nor "{PUBLIC}"')
        return entries

    @field_validator("root_path")
    @classmethod
    def _check_root_path(cls, path: str) -> str:
        path = path.rstrip("/")
        if path and not ROOT_PATH.fullmatch(path):
            raise ValueError(f'"{path}" is no path as /coverplan or /apps/coverplan; nor may it begin with /v1')
        return path

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, entries: list[str]) -> list[str]:
        return [str(ip_network(entry, strict=False)) for entry in entries]

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, origins: list[str]) -> list[str]:
        for origin in origins:
            if origin != ANY and not _ORIGIN.fullmatch(origin):
                raise ValueError(f'"{origin}" is no origin as https://planner.example, without a path')
        return [origin.lower() for origin in origins]

    @model_validator(mode="after")
    def _check_any_origin(self) -> Settings:
        if ANY in self.cors_origins and self.require_keys != "always":
            raise ValueError(
                "COVERPLAN_CORS_ORIGINS with * needs COVERPLAN_REQUIRE_KEYS=always: any page could call without a key"
            )
        return self

    @field_validator("source_uris")
    @classmethod
    def _check_folders(cls, folders: list[str], info: ValidationInfo) -> list[str]:
        """Nobody reads the service's own state by its name."""
        if (data_dir := info.data.get("data_dir")) is None:
            return folders
        own = [f"file://{data_dir.resolve()}", (info.data.get("blob_url") or "").split("?")[0]]
        for folder in map(_resolved, allowed(folders, "a")):
            for state in (_resolved(read_location(text)) for text in own if is_location(text)):
                if state.is_in(folder) or folder.is_in(state):
                    raise ValueError(f"{folder.uri} has the service's own state in it, or lies there")
        return folders

    @property
    def max_body_bytes(self) -> int:
        """The body limit in bytes."""
        return int(self.max_body_mb * MEGABYTE)

    @property
    def max_table_bytes(self) -> int:
        """The limit of a dataset's table in bytes."""
        return int(self.max_table_mb * MEGABYTE)

    @property
    def memory_limit_bytes(self) -> int:
        """The memory limit of a child in bytes."""
        return self.memory_limit_mb * MEGABYTE

    @property
    def database(self) -> str:
        """URL of the database."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'coverplan.db'}"

    @property
    def blobs(self) -> str:
        """URL of the blobs."""
        return self.blob_url or f"file://{self.data_dir.resolve() / 'blobs'}"

    @property
    def idle_children(self) -> int:
        """Warm children to keep."""
        return self.slots if self.warm_children is None else self.warm_children


def _state_home() -> Path:
    """Where programs of this user keep their state (XDG base directories)."""
    given = os.environ.get("XDG_STATE_HOME", "")
    return Path(given) if Path(given).is_absolute() else Path.home() / ".local" / "state"


def redacted(text: str) -> str:
    """A URL, or a text with URLs and `password=...` in it, without passwords: fit to be shown and logged."""
    return _PASSWORD_WORD.sub(r"\1***", _PASSWORD_IN_URL.sub(r"\1***@", text))


def _resolved(location: Location) -> Location:
    """Where a folder is, whatever links lead there."""
    if location.scheme != "file":
        return location
    return Location("file", "", Path(f"/{location.path}").resolve().parts[1:])


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def listing() -> str:
    """All settings with their defaults, a paragraph each."""
    lines = []
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        usual = "" if default in (None, "", [], ()) else f" (default: {default})"
        lines.append(f"COVERPLAN_{name.upper()}: {field.description}{usual}")
    return "\n\n".join(["Settings are environment variables:", *lines])
