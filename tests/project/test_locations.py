"""Places outside that callers name: read in one way only, compared with what is allowed part by part."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from coverplan.locations import InvalidLocationError, allowed, read_location
from coverplan.settings import Settings


@pytest.mark.parametrize(
    ("text", "bucket", "path"),
    [
        ("s3://planning/fy27/accounts.parquet", "planning", "fy27/accounts.parquet"),
        ("gs://a-b.c_d/x", "a-b.c_d", "x"),
        ("az://container/a b/\u00fc+(1)=~@.csv", "container", "a b/\u00fc+(1)=~@.csv"),
        ("file:///srv/planning/", "", "srv/planning"),
        ("s3://planning/", "planning", ""),
    ],
)
def test_places(text: str, bucket: str, path: str) -> None:
    found = read_location(text)

    assert (found.bucket, found.path) == (bucket, path)
    assert read_location(found.uri) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "accounts.parquet",
        "/etc/passwd",
        "http://host/a",
        "https://bucket.s3.amazonaws.com/a",
        "S3://bucket/a",
        "s3:/bucket/a",
        "s3://bucket",
        "s3:///a",
        "s3://Bucket/a",
        "s3://user@bucket/a",
        "s3://user:secret@bucket/a",
        "s3://bucket:80/a",
        "s3://b/a",
        "s3://-bucket/a",
        "s3://bucket/../a",
        "s3://bucket/a/..",
        "s3://bucket/a/./b",
        "s3://bucket//a",
        "s3://bucket/a//b",
        "s3://bucket/a//",
        "s3://bucket/%2e%2e/a",
        "s3://bucket/a%2Fb",
        "s3://bucket/%00",
        "s3://bucket/a?versionId=1",
        "s3://bucket/a#b",
        "s3://bucket/a*",
        "s3://bucket/a\\b",
        "s3://bucket/a\\..\\b",
        "s3://bucket/a\0b",
        "s3://bucket/a\nb",
        "s3://bucket/a\u2028b",
        "s3://bucket/\ud800",
        "s3://bucket/" + 1100 * "a",
        "file://host/srv/a",
        "file://localhost/srv/a",
        "file:/srv/a",
        "file:////srv/a",
        "file:///srv/../etc/passwd",
        " s3://bucket/a",
        "s3://bucket/a\r\nHost: other",
        "s3://169.254.169.254:80/latest",
    ],
)
def test_what_is_no_place_or_could_be_read_in_two_ways(text: str) -> None:
    with pytest.raises(InvalidLocationError):
        read_location(text)


@pytest.mark.parametrize(
    ("uri", "is_allowed"),
    [
        ("s3://planning/acme/a.csv", True),
        ("s3://planning/acme/deeper/a.csv", True),
        ("s3://planning/acme2/a.csv", False),
        ("s3://planning/acm", False),
        ("s3://planning/other/a.csv", False),
        ("s3://planning2/acme/a.csv", False),
        ("gs://planning/acme/a.csv", False),
        ("file:///planning/acme/a.csv", False),
        ("s3://shared/a.csv", True),
    ],
)
def test_only_what_is_in_a_folder_that_is_allowed(uri: str, is_allowed: bool) -> None:
    """The caller's tenant is acme; its name is no beginning of another's folder."""
    folders = allowed(["s3://planning/{tenant}", "s3://shared/"], "acme")

    assert any(read_location(uri).is_in(folder) for folder in folders) is is_allowed


def test_nothing_is_allowed_unless_it_is_said() -> None:
    assert Settings().source_uris == []


def test_the_state_of_the_service_is_in_no_folder(tmp_path: Path) -> None:
    """Neither in one, nor around one, nor by another name of it; nor a folder that is none."""
    (tmp_path / "link").symlink_to(tmp_path / "data")
    state = {"data_dir": tmp_path / "data", "blob_url": "s3://bucket/blobs?region=x"}
    refused = [
        f"file://{tmp_path}",
        f"file://{tmp_path}/data/blobs",
        f"file://{tmp_path}/link",
        "file:///",
        "s3://bucket/",
        "s3://bucket/blobs/a",
        "s3://bucket/../x",
        "http://host/a",
    ]

    for folder in refused:
        with pytest.raises(ValidationError, match="source_uris"):
            Settings.model_validate({**state, "source_uris": [folder]})
    fine = [f"file://{tmp_path}/exchange/{{tenant}}", "s3://bucket/exchange"]
    assert Settings.model_validate({**state, "source_uris": fine}).source_uris == fine
