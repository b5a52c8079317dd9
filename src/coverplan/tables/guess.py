"""A first mapping from the headers of CSV files: readable, with a sample of each column, to be corrected by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping as Dict

import polars as pl

from coverplan.tables.dates import TIME
from coverplan.tables.fields import NEEDED
from coverplan.tables.text_table import TextTable

SYNONYMS: dict[str, dict[str, tuple[str, ...]]] = {
    "accounts": {
        "id": ("accountid", "id", "accountnumber", "accountno", "customerid", "customernumber", "storeid", "companyid",
               "recordid", "clientid", "kundennummer", "kundennr", "account"),
        "name": ("accountname", "name", "companyname", "company", "customername", "customer", "store", "client",
                 "firma", "kunde", "storename"),
        "parent_id": ("parentid", "parentaccountid", "parentaccount", "ultimateparentid", "parent"),
        "territory_id": ("territoryid", "territory", "regioncode", "region", "district", "gebiet", "patch"),
        "segment": ("segment", "tier", "size", "customersegment", "accountsegment", "accounttier"),
        "industry": ("industry", "sector", "vertical", "branche", "specialty"),
        "kind": ("kind", "accounttype", "type", "customertype", "recordtype"),
        "expected_revenue": ("expectedrevenue", "forecast", "arr", "acv", "contractvalue"),
        "potential": ("potential", "opportunityamount", "pipeline", "whitespace", "openpipeline",
                      "annualsales", "turnover"),
        "hours": ("hours", "workload", "effort", "servicehours", "calltime"),
        "owner": ("ownerid", "owner", "accountowner", "accountownerid", "repid", "salesrep", "rep", "salespersonid",
                  "ownersalespersonid", "accountmanager", "accountexecutive", "ae", "betreuer",
                  "ownername", "companyowner", "assignedto"),
        "owner_since": ("ownersince", "since", "assignedsince", "assignmentdate", "ownerassigneddate"),
        "open_opportunity": ("openopportunity", "hasopenopportunity", "opendeal"),
        "locked": ("locked", "donotmove", "keep", "frozen"),
        "tags": ("tags", "labels", "campaigns"),
        "lat": ("lat", "latitude", "billinglatitude", "shippinglatitude", "breitengrad"),
        "lon": ("lon", "lng", "long", "longitude", "billinglongitude", "shippinglongitude", "laengengrad"),
    },
    "reps": {
        "id": ("repid", "id", "salespersonid", "userid", "employeeid", "employeenumber", "ownerid", "rep"),
        "name": ("name", "repname", "fullname", "salesperson", "salespersonname", "username", "login", "rep"),
        "email": ("email", "emailaddress", "mail", "workemail"),
        "role": ("role", "salesrole", "function"),
        "manager_id": ("managerid", "manager", "reportsto", "reportstoid", "supervisorid", "supervisor"),
        "territory_ids": ("territoryids", "territories", "territoryid", "territory", "region", "regioncode", "gebiet"),
        "segments": ("segments", "segment"),
        "skills": ("skills", "skill", "certifications"),
        "status": ("status",),
        "start_date": ("startdate", "hiredate", "dateofhire", "hiringdate", "joined", "eintritt", "start"),
        "end_date": ("enddate", "leavedate", "terminationdate", "lastday"),
        "capacity_hours": ("capacityhours", "capacity", "hours", "annualhours"),
        "quota": ("quota", "salesquota", "annualquota", "target"),
        "cost": ("cost", "salary", "ote", "totalcost"),
        "lat": ("lat", "latitude"),
        "lon": ("lon", "lng", "long", "longitude"),
    },
    "territories": {
        "id": ("territoryid", "id", "code", "territorycode", "territory"),
        "name": ("name", "territoryname", "territory"),
        "parent_id": ("parentid", "parentterritoryid", "parent"),
        "revenue_target": ("revenuetarget", "target"),
    },
    "managers": {
        "id": ("managerid", "id", "employeeid", "userid"),
        "name": ("name", "managername", "fullname"),
        "manager_id": ("reportsto", "reportstoid", "manager", "managersmanagerid", "bossid", "managerid"),
    },
    "pairs": {
        "account_id": ("accountid", "account", "storeid", "customerid"),
        "rep_id": ("repid", "rep", "salespersonid", "ownerid"),
        "value": ("value", "score", "revenue", "profit"),
        "hours": ("hours", "resource", "effort"),
        "eligible": ("eligible", "allowed"),
    },
}  # fmt: skip
GROUPS = ("group", "region", "area", "territorygroup", "regionname", "country", "parentterritory")
REVENUE = (
    "annualrevenue",
    "revenue",
    "revenuelastyear",
    "lastyearrevenue",
    "saleslastyear",
    "umsatz",
    "bookings",
    "spend",
)
STATUS = ("active", "isactive", "status", "userstatus", "employmentstatus", "aktiv")
"""Headers that may say who still works here."""
TO_DATE = ("ytd", "todate")
"""Ends of headers of a year that is not over."""
AT_WORK = {"active", "true", "yes", "y", "1", "employed", "current", "aktiv", "ja", "wahr"}
GONE = {"inactive", "false", "no", "n", "0", "terminated", "former", "left", "inaktiv", "nein", "falsch"}
REVENUE_OF_YEAR = re.compile(r"^(?:annual)?(?:revenue|sales|umsatz|bookings|arr|spend)?(?:in)?(?:fy|cy)?((?:20)?\d\d)"
                             r"(?:revenue|sales|umsatz|bookings|arr|spend)?(?:ytd|(?:year)?todate)?$")  # fmt: skip


def guess(texts: Dict[str, TextTable]) -> str:
    """The text of a mapping for these files, `accounts` among them."""
    parts = [
        "# A first mapping, guessed from the headers. Correct it, then run: coverplan convert --mapping THIS_FILE",
        '# "Name" is a column, 12 or { value = "x" } a constant; { column = "Name", default = 0, scale = 2 } converts;',
        """# where = "`Account Status` == 'Active'" picks rows.""",
    ]
    used = {
        name: _section(name, texts[name])
        for name in ("accounts", "reps", "managers", "territories", "pairs")
        if name in texts
    }
    if "accounts" in used and "reps" in used:
        _match_owner(texts, used)
    for name, section in used.items():
        where = _at_work(texts[name]) if name == "reps" and "status" not in section else None
        parts += ["", f"[{name}]", *_lines(texts[name], section, where)]
    if "territories" not in texts and "territory_id" in used.get("accounts", {}):
        territory = str(used["accounts"]["territory_id"])
        group = _group(texts["accounts"], {territory})
        parts += ["", "[territories]", 'from = "accounts"', f"id = {_quoted(territory)}"]
        parts += [f"group = {_quoted(group)}"] if group else []
    return "\n".join(parts) + "\n"


def _section(table: str, text: TextTable) -> dict[str, str | list[str]]:
    """Field -> column; each column serves once, but the id may also be the name."""
    plain = {_plain(column): column for column in reversed(text.columns)}
    found: dict[str, str | list[str]] = {}
    taken: set[str] = set()
    for field, words in SYNONYMS[table].items():
        column = next((plain[word] for word in words if plain.get(word) not in (None, *taken)), None)
        if column is not None and not _unusable(text, column, field):
            found[field] = column
            taken.add(column)
    for field, needed in NEEDED.items():
        if needed not in found and needed in SYNONYMS[table]:
            found.pop(field, None)
    if table == "accounts":
        years = _revenue_by_year(text.columns, taken)
        single = next((plain[word] for word in REVENUE if plain.get(word) not in (None, *taken)), None)
        if years or single:
            found["revenue_history"] = years or [str(single)]
    if table == "territories" and "parent_id" not in found:
        group = _group(text, taken)
        if group:
            found["group"] = group
    if "id" in SYNONYMS[table] and "id" not in found:
        found = {"id": found.get("name", text.columns[0]), **found}
    return found


def _unusable(text: TextTable, column: str, field: str) -> bool:
    """A column whose cells cannot be what its header promises, such as a status of other words."""
    cells = text.frame[column].drop_nulls().str.to_lowercase()
    if field == "status":
        return not cells.is_in(["active", "hired", "open"]).all()
    if field == "kind":
        return not cells.is_in(["customer", "prospect", "client", "lead", "kunde", "interessent"]).all()
    if field == "role":
        return bool(cells.n_unique() > 1) and not cells.str.contains(r"^[a-z]+(_[a-z]+)*$").all()
    return not len(cells) and field != "id"


def _revenue_by_year(columns: list[str], taken: set[str]) -> list[str]:
    years = {}
    for column in columns:
        match = REVENUE_OF_YEAR.match(_plain(column))
        if match and column not in taken and not column.strip().isdigit():
            years[int(match[1]) % 100] = column
    return [years[year] for year in sorted(years)]


def _group(text: TextTable, taken: set[str]) -> str | None:
    plain = {_plain(column): column for column in text.columns}
    return next((plain[word] for word in GROUPS if plain.get(word) not in (None, *taken)), None)


def _match_owner(texts: Dict[str, TextTable], used: dict[str, dict[str, str | list[str]]]) -> None:
    """Choose the owner column by its cells: ids of reps first, else their names or emails."""
    reps, accounts = texts["reps"].frame, texts["accounts"].frame
    words = SYNONYMS["accounts"]["owner"]
    columns = [column for column in accounts.columns if _plain(column) in words]
    for key in ("id", "name", "email"):
        known = used["reps"].get(key)
        if isinstance(known, str):
            for column in columns:
                if accounts[column].drop_nulls().is_in(reps[known].drop_nulls().implode()).any():
                    used["accounts"]["owner"] = column if key == "id" else f"{column}\x00{key}"
                    return


def _at_work(text: TextTable) -> tuple[str, str] | None:
    """The column that says who still works here and who does not, and the condition that picks the former."""
    plain = {_plain(column): column for column in reversed(text.columns) if "`" not in column}
    for column in (plain[word] for word in STATUS if word in plain):
        words = text.frame[column].drop_nulls().unique(maintain_order=True).to_list()
        kept = [word for word in words if word.casefold() in AT_WORK]
        if 0 < len(kept) < len(words) and all(word.casefold() in AT_WORK | GONE for word in words):
            listed = ", ".join(f"'{word}'" for word in kept)
            return column, f"`{column}` in ({listed})"
    return None


def _lines(text: TextTable, section: Dict[str, str | list[str]], where: tuple[str, str] | None) -> list[str]:
    lines = [] if where is None else [f"where = {_quoted(where[1])}  # who does not work here gets no accounts"]
    for field, column in section.items():
        if isinstance(column, list):
            spec, first = "[" + ", ".join(map(_quoted, column)) + "]", column[0]
        else:
            first, _, match = column.partition("\x00")
            spec = f"{{ column = {_quoted(first)}, match = {_quoted(match)} }}" if match else _quoted(first)
        lines.append(f"{field} = {spec}{_comment(text.frame[first], field)}")
        if field == "revenue_history" and _plain(column[-1]).endswith(TO_DATE):
            lines.append(f"# last_year_months = 9  # how many months does {_quoted(column[-1])} cover?")
    mentioned = {name.partition("\x00")[0] for c in section.values() for name in (c if isinstance(c, list) else [c])}
    mentioned |= set() if where is None else {where[0]}
    rest = [column for column in text.columns if column not in mentioned]
    return lines + ([f"# not used: {', '.join(map(_quoted, rest))}"] if rest else [])


def _comment(cells: pl.Series, field: str) -> str:
    """A sample, and what to decide."""
    filled = cells.drop_nulls()
    if not len(filled):
        return "  # no cell is filled"
    sample = " ".join(str(filled[0]).split())[:40]
    note = ""
    if field == "revenue_history":
        note = "; what it buys of us per year? Its own turnover belongs under potential"
    if (
        field.endswith(("date", "since"))
        and filled.str.replace(TIME, "").str.contains(r"^\d{1,2}[/-]\d{1,2}[/-]\d{4}$").any()
    ):
        note = '; if refused as ambiguous: { column = ..., date = "%d/%m/%Y" }'
    return f"  # such as {sample}{note}"


def _plain(header: str) -> str:
    """Letters and digits only, without the ending of custom CRM fields."""
    return re.sub(r"[\W_]", "", re.sub(r"__c$", "", header.strip().casefold()))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
