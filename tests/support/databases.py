"""Marks of tests whose fixture `running` is a deployment on each database in turn.

One database is enough where the queries are those of other tests; without a mark a test runs on both.
"""

import pytest

on_postgresql = pytest.mark.parametrize("running", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("running", ["sqlite"], indirect=True)
