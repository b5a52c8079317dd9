"""Reading a mapping file; its grammar stands in `convert`. Everything that is wrong in it is named with its place."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping as Dict
from typing import cast

from coverplan.tables.conditions import Comparison, ConditionError, parse_condition
from coverplan.tables.fields import FIELDS, MONTHS_OF, NEEDED, TABLES, UNITS, Field
from coverplan.tables.findings import Findings, Message, did_you_mean
from coverplan.tables.mapping import Constant, Mapping, Override, Section, Source
from coverplan.tables.text_table import CsvFormat

SOURCE_KEYS = ("column", "columns", "value", "default", "scale", "unit", "per", "at_least", "decimal", "date", "split",
               "map", "match", "parent", "pad")  # fmt: skip
TOP_KEYS = ("currency", "horizon", "csv", "segments", "fit", "override", *TABLES)
FORM_KEYS = ("encoding", "delimiter", "skip")
SECTION_KEYS = ("from", "where", "csv", "group", "owners")


def read_mapping(text: str, file: str, findings: Findings) -> Mapping:
    """Parse a mapping; all that is wrong in it goes to `findings`.

    Raises:
        TableError: it is not TOML, or something in it is wrong.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        findings.error(Message(f"is not TOML: {error}.", file))
        findings.stop_on_errors()
        raise
    reader = _Reader(file, findings)
    mapping = reader.mapping(raw)
    findings.stop_on_errors()
    return mapping


def plain(value: object) -> object:
    """A TOML value as JSON has it: dates as text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value


class _Reader:
    """Checks a mapping while it is read; every complaint names the place in the file."""

    def __init__(self, file: str, findings: Findings) -> None:
        self.file, self.findings = file, findings

    def complain(self, where: str, text: str, suggestion: str | None = None) -> None:
        self.findings.error(Message(f"{where} {text}", self.file, suggestion=suggestion))

    def check_keys(self, where: str, raw: Dict[str, object], known: tuple[str, ...]) -> None:
        for key in raw:
            if key not in known:
                self.complain(f"{where}: {key}", "is unknown.", did_you_mean(key, known))

    def mapping(self, raw: Dict[str, object]) -> Mapping:
        self.check_keys("the mapping", raw, TOP_KEYS)
        form = self.table(raw, "csv", (*FORM_KEYS, "decimal", "date"))
        shared = self.form(form)
        sections = {
            table: self.section(table, self.table(raw, table), shared)
            for table in TABLES
            if isinstance(raw.get(table), dict)
        }
        for table in TABLES:
            if table in raw and table not in sections:
                self.complain(f"[{table}]", "must be a table.")
        horizon = self.table(raw, "horizon", ("start", "months")) if "horizon" in raw else None
        return Mapping(
            self.file,
            sections,
            cast("str | None", self.typed("currency", raw.get("currency"), str)),
            cast("Dict[str, object] | None", plain(horizon)),
            tuple(self.tables(raw, "segments")),
            tuple(self.tables(raw, "fit")),
            tuple(self.override(item) for item in self.tables(raw, "override")),
            self.decimal("[csv] decimal", form.get("decimal")),
            cast("str | None", self.typed("[csv] date", form.get("date"), str)),
            shared,
        )

    def table(
        self, raw: Dict[str, object], key: str, known: tuple[str, ...] = (), name: str | None = None
    ) -> Dict[str, object]:
        value, where = raw.get(key, {}), f"[{name or key}]"
        if not isinstance(value, dict):
            self.complain(where, "must be a table.")
            return {}
        if known:
            self.check_keys(where, value, known)
        return value

    def tables(self, raw: Dict[str, object], key: str) -> list[Dict[str, object]]:
        value = raw.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.complain(f"[[{key}]]", "must be written with double brackets.")
            return []
        return [cast("Dict[str, object]", plain(item)) for item in value]

    def typed(self, where: str, value: object, *types: type) -> object:
        """The value if it has one of the types; None (and a complaint) otherwise."""
        if value is None or (isinstance(value, types) and not (isinstance(value, bool) and bool not in types)):
            return value
        self.complain(where, f"must be {' or '.join(kind.__name__ for kind in types)}, not {value!r}.")
        return None

    def decimal(self, where: str, value: object) -> str | None:
        if value is None or value in {".", ","}:
            return None if value is None else str(value)
        self.complain(where, 'must be "." or ",".')
        return None

    def form(self, raw: Dict[str, object]) -> CsvFormat:
        encoding = cast("str | None", self.typed("[csv] encoding", raw.get("encoding"), str))
        delimiter = cast("str | None", self.typed("[csv] delimiter", raw.get("delimiter"), str))
        if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n'):
            self.complain("[csv] delimiter", "must be one ASCII character other than a quote or a line break.")
            delimiter = None
        skip = cast("int | None", self.typed("[csv] skip", raw.get("skip"), int))
        return CsvFormat(encoding, delimiter, max(skip or 0, 0))

    def section(self, table: str, raw: Dict[str, object], shared: CsvFormat) -> Section:
        fields = FIELDS[table]
        self.check_keys(f"[{table}]", raw, (*SECTION_KEYS, *fields))
        origin = raw.get("from", table)
        if origin not in TABLES:
            self.complain(f"[{table}] from", f"must name one of {', '.join(TABLES)}, not {origin!r}.")
            origin = table
        where: tuple[Comparison, ...] = ()
        condition = self.typed(f"[{table}] where", raw.get("where"), str)
        if isinstance(condition, str):
            try:
                where = tuple(parse_condition(condition))
            except ConditionError as error:
                self.complain(f"[{table}] where", f"{error}.")
        sources = {
            name: self.source(f"[{table}] {name}", spec, fields[name]) for name, spec in raw.items() if name in fields
        }
        for name, spec in fields.items():
            if spec.required and name not in sources:
                self.complain(f"[{table}] {name}", "is missing: say which column holds it.")
        for name, needed in NEEDED.items():
            if name in sources and needed not in sources and needed in fields:
                self.complain(f"[{table}] {name}", f"says nothing without {needed}.")
        own = self.form(self.table(raw, "csv", FORM_KEYS, f"{table}.csv")) if "csv" in raw else shared
        return Section(table, str(origin), where, sources, self.groups(table, raw), self.owners(table, raw), own)

    def groups(self, table: str, raw: Dict[str, object]) -> tuple[Source, ...]:
        value = raw.get("group", [])
        levels = value if isinstance(value, list) else [value]
        groups = []
        for level in levels:
            detail = {"column": level} if isinstance(level, str) else level
            if table != "territories" or not isinstance(detail, dict) or not set(detail) <= {"column", "map"}:
                self.complain(
                    f"[{table}] group",
                    "is for [territories]: a column, { column, map }, or a list of them, the nearest first.",
                )
                return ()
            groups.append(self.detailed(f"[{table}] group", detail, FIELDS["territories"]["name"]))
        return tuple(groups)

    def owners(self, table: str, raw: Dict[str, object]) -> Dict[str, Dict[str, Source]]:
        value = raw.get("owners", {})
        if not value:
            return {}
        if table != "accounts" or not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
            self.complain(f"[{table}.owners]", "is for accounts: [accounts.owners.ROLE] with rep_id and since.")
            return {}
        owners = {}
        known = {"rep_id": FIELDS["accounts"]["owner"], "since": FIELDS["accounts"]["owner_since"]}
        for role, raw_role in value.items():
            where = f"[accounts.owners.{role}]"
            self.check_keys(where, raw_role, tuple(known))
            if "rep_id" not in raw_role:
                self.complain(where, "needs rep_id.")
            owners[role] = {
                name: self.source(f"{where} {name}", spec, known[name])
                for name, spec in raw_role.items()
                if name in known
            }
        return owners

    def source(self, where: str, raw: object, target: Field) -> Source:
        """A column name, a list of column names, a constant, or a table of `SOURCE_KEYS`."""
        many = target.kind in ("labels", "numbers", "references")
        if isinstance(raw, str):
            return Source((raw,))
        if isinstance(raw, list) and many and all(isinstance(item, str) for item in raw):
            return Source(tuple(raw))
        if isinstance(raw, dict):
            return self.detailed(where, raw, target)
        return Source(constant=self.constant(where, plain(raw), target))

    def detailed(self, where: str, raw: Dict[str, object], target: Field) -> Source:
        self.check_keys(where, raw, SOURCE_KEYS)
        named = [key for key in ("column", "columns", "value") if key in raw]
        if len(named) != 1:
            self.complain(where, "needs exactly one of column, columns and value.")
            return Source()
        columns = raw.get("columns", [raw["column"]] if "column" in raw else [])
        if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
            self.complain(where, "column must be a column's name, columns a list of them.")
            columns = []
        words = raw.get("map", {})
        if not isinstance(words, dict) or not all(isinstance(word, str) for word in words.values()):
            self.complain(where, "map must be a table from the cell's text to the value's text.")
            words = {}
        per = self.one_of(f"{where} per", raw.get("per"), tuple(MONTHS_OF) if target.base else ())
        match = self.one_of(f"{where} match", raw.get("match"), ("id", "name", "email") if target.target else ())
        return Source(
            tuple(columns),
            self.constant(where, plain(raw.get("value")), target),
            self.constant(f"{where} default", plain(raw.get("default")), target),
            self.factor(where, raw, target),
            per,
            cast("float | None", self.typed(f"{where} at_least", raw.get("at_least"), int, float)),
            self.decimal(f"{where} decimal", raw.get("decimal")),
            cast("str | None", self.typed(f"{where} date", raw.get("date"), str)),
            cast("str | None", self.typed(f"{where} split", raw.get("split"), str)) or ";",
            {str(key): cast("str", word) for key, word in words.items()},
            match or "id",
            bool(self.typed(f"{where} parent", raw.get("parent"), bool)),
            cast("int | None", self.typed(f"{where} pad", raw.get("pad"), int)) or 0,
        )

    def one_of(self, where: str, value: object, known: tuple[str, ...]) -> str | None:
        if value is None or value in known:
            return value
        self.complain(where, f"must be one of {', '.join(known)}." if known else "does not apply to this field.")
        return None

    def factor(self, where: str, raw: Dict[str, object], target: Field) -> float:
        scale = cast("float | None", self.typed(f"{where} scale", raw.get("scale"), int, float))
        units = UNITS[target.base] if target.kind in ("number", "numbers") else {}
        unit = self.one_of(f"{where} unit", raw.get("unit"), tuple(units))
        return (1.0 if scale is None else float(scale)) * (units[unit] if unit else 1.0)

    def constant(self, where: str, value: object, target: Field) -> Constant:
        """A constant of the field's kind."""
        if value is None:
            return None
        if target.kind in ("labels", "numbers", "references"):
            item = (int, float) if target.kind == "numbers" else (str,)
            if isinstance(value, list) and all(isinstance(v, item) and not isinstance(v, bool) for v in value):
                return [float(v) for v in value] if target.kind == "numbers" else value
            self.complain(where, "must be a list.")
            return None
        if target.kind == "date":
            return self.day(where, value)
        kinds: tuple[type, ...] = {"number": (int, float), "flag": (bool,)}.get(target.kind, (str,))
        good = cast("Constant", self.typed(where, value, *kinds))
        if good is not None and target.choices and good not in target.choices:
            self.complain(where, f"must be one of {', '.join(target.choices)}.")
            return None
        return float(good) if target.kind == "number" and isinstance(good, int | float) else good

    def day(self, where: str, value: object) -> str | None:
        """A date as the document writes it."""
        try:
            return dt.date.fromisoformat(str(value)).isoformat()
        except ValueError:
            self.complain(where, f"must be a date, YYYY-MM-DD, not {value!r}.")
            return None

    def override(self, raw: Dict[str, object]) -> Override:
        given = dict(raw)
        identity, table, note = given.pop("id", None), given.pop("table", None), given.pop("note", None)
        if not isinstance(identity, str):
            self.complain("[[override]]", 'needs id = "...", in quotes.')
        known = ("accounts", "reps", "managers", "territories")
        return Override(
            str(identity), self.one_of("[[override]] table", table, known), str(note) if note else None, given
        )
