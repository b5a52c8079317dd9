r"""From the CSV files that a company has to a problem document, by a mapping that a stranger can read.

A mapping is a TOML file. Each section fills one table of the problem, each line one field:

    currency = "USD"

    [horizon]
    start = 2027-01-01
    months = 12

    [csv]                                   # optional: found out from each file where absent
    encoding = "cp1252"
    delimiter = ";"
    skip = 2                                # lines before the header
    decimal = ","                           # of all numbers
    date = "%d/%m/%Y"                       # of all dates

    [accounts]                              # rows of --accounts
    where = "status != 'Closed' and `Annual Revenue` > 0"
    id = "Account ID"                       # a text names a column
    name = "Account Name"
    segment = { value = "smb" }             # a constant text
    hours = 12                              # a constant number (or true, false)
    industry = { column = "Industry", default = "other" }           # for blank cells
    revenue_history = ["Revenue 2024", "Revenue 2025"]              # several columns, oldest first
    last_year_months = 9                    # the last of them covers January to September only
    potential = { column = "Turnover", unit = "thousand", scale = 0.05 }
    kind = { column = "Type", map = { "Kunde" = "customer", "Lead" = "prospect" } }
    tags = { column = "Tags", split = "," }                         # several in one cell; default ";"
    lat = "Latitude"
    lon = "Longitude"
    territory_id = "Region Code"
    owner = { column = "Owner", match = "name" }                    # or "email", or "id", the default
    owner_since = { column = "Since", date = "%m/%d/%Y" }

    [accounts.owners.sales_engineer]        # who covers the other roles
    rep_id = "SE"

    [reps]                                  # rows of --reps; without the file the reps are the owners found
    where = "job_title == 'Sales Representative'"
    id = { column = "Employee", pad = 5 }   # 123 -> 00123
    territory_ids = { column = "Region Code", parent = true }       # the territory above it
    capacity_hours = { column = "Hours per week", per = "week" }    # week, month, quarter, year -> horizon

    [managers]
    from = "reps"                           # rows of another file, one per id
    where = "job_title == 'Manager'"
    id = "Employee"

    [territories]
    from = "accounts"
    id = "Region Code"
    group = "Region"                        # the level above; a list for several, the nearest first;
                                            # or { column = "Country", map = { "FR" = "Europe" } }

    [[segments]]                            # the coverage model, as in the document; likewise [[fit]]
    id = "smb"
    roles = [{ role = "account_executive", hours = 12 }]

    [[override]]                            # single entries, as in the document, printed with the note
    id = "284"
    start_date = 2027-03-01
    note = "a hire: our assumption"

Other keys of a field: `at_least` raises lower numbers to it, `decimal` is the decimal mark of one column, and
`unit` is minutes, hours or days (of 8 hours) for hours, thousand or million for money. `[accounts.csv]` sets the
format of one file. A condition is `column op value` joined by `and`; op is == != < <= > >= in (...),
`is blank`, `is not blank`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from coverplan.payload.problem import Problem
from coverplan.tables.assemble import assemble
from coverplan.tables.fields import TABLES
from coverplan.tables.findings import Findings, Message, TableError
from coverplan.tables.links import link
from coverplan.tables.mapping import Mapping
from coverplan.tables.mapping_file import read_mapping
from coverplan.tables.rows import Rows, mapped_rows
from coverplan.tables.text_table import TextTable, read_text_table

DEFAULT_MONTHS = 12


@dataclass(frozen=True, eq=False)
class Conversion:
    """A problem document with what was noticed on the way."""

    document: dict[str, object]
    findings: Findings

    def lines(self, warnings: int = 1000) -> list[str]:
        """What a reader should know: sizes, constants, assumptions, overrides and the first warnings."""
        kept, total = self.findings.warnings[:warnings], len(self.findings.warnings)
        sizes = [
            f"{len(rows):,} {name}" for name in TABLES if isinstance(rows := self.document.get(name), list) and rows
        ]
        return [
            ", ".join(reversed(sizes)) or "0 accounts",
            *self.findings.notes,
            *(f"warning: {message}" for message in kept),
            *([f"... and {total - len(kept):,} more warnings."] if total > len(kept) else []),
        ]


def convert(files: Dict[str, Path], mapping_text: str, mapping_name: str = "mapping.toml") -> Conversion:
    """Build a problem document from CSV files.

    Args:
        files: path per table name; `accounts` is needed, reps, territories, managers and pairs may be absent.

    Raises:
        TableError: anything that cannot be read with certainty; all of it, located.
    """
    findings = Findings()
    mapping = read_mapping(mapping_text, mapping_name, findings)
    texts = read_files(files, mapping, findings)
    return convert_texts(texts, mapping, findings)


def read_files(files: Dict[str, Path], mapping: Mapping | None, findings: Findings) -> dict[str, TextTable]:
    """All files as text; every one that cannot be read is reported."""
    texts = {}
    for name, path in files.items():
        form = Mapping("", {}).csv
        if mapping is not None:
            form = mapping.sections[name].csv if name in mapping.sections else mapping.csv
        try:
            texts[name] = read_text_table(path, form, findings)
        except TableError as error:
            for message in error.messages:
                findings.error(message)
    findings.stop_on_errors()
    return texts


def convert_texts(texts: Dict[str, TextTable], mapping: Mapping, findings: Findings) -> Conversion:
    """The same from tables already read."""
    tables: dict[str, Rows] = {}
    for name in texts:
        if name not in mapping.sections:
            text = f"has no section [{name}], but a file of {name} is given."
            findings.error(Message(text, mapping.file, suggestion=f'Add [{name}] with id = "...".'))
    months = mapping.horizon.get("months", DEFAULT_MONTHS) if mapping.horizon else DEFAULT_MONTHS
    for name, section in mapping.sections.items():
        if section.origin in texts:
            length = float(months) if isinstance(months, int) else DEFAULT_MONTHS
            tables[name] = mapped_rows(section, texts[section.origin], mapping, length, findings)
        elif name == section.origin:
            findings.note(f"[{name}] of the mapping is not used: no file of {name} is given")
        else:
            text = f'[{name}] says from = "{section.origin}", but no such file is given.'
            findings.error(Message(text, mapping.file))
    if "accounts" not in tables:
        findings.error(Message("has no section [accounts].", mapping.file))
    findings.stop_on_errors()
    tables = link(tables, mapping, findings)
    if "reps" not in tables:
        advice = "Give a reps file, or name the owner's column: owner under [accounts]."
        findings.error(
            Message("there are no reps: neither a file nor owners.", tables["accounts"].file, suggestion=advice)
        )
    findings.stop_on_errors()
    for name in ("accounts", "reps"):
        if not tables[name].frame.height:
            findings.warn(Message(f"no row is left, and a problem without {name} cannot be solved.", tables[name].file))
    document = assemble(tables, mapping, findings)
    findings.stop_on_errors()
    _validate(document, tables, mapping, findings)
    return Conversion(document, findings)


def _validate(document: dict[str, object], tables: dict[str, Rows], mapping: Mapping, findings: Findings) -> None:
    """The strict document model has the last word; its complaints are led back to file and row where they have one."""
    try:
        Problem.model_validate_json(json.dumps(document))
    except ValidationError as error:
        for issue in error.errors(include_url=False):
            table, *rest = issue["loc"] or ("",)
            text = f"{'.'.join(str(part) for part in issue['loc'])}: {issue['msg']}."
            index = rest[0] if rest and isinstance(rest[0], int) else None
            if isinstance(table, str) and table in tables and index is not None and index < tables[table].frame.height:
                field = str(rest[1]) if len(rest) > 1 else "id"
                findings.error(tables[table].message(index, field, text))
            else:
                findings.error(Message(text, mapping.file))
    findings.stop_on_errors()
