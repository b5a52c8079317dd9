"""CSV files as they come."""

from __future__ import annotations

import pytest

from coverplan.tables.findings import Findings, TableError
from coverplan.tables.text_table import CsvFormat, TextTable, parse_text_table


def read(data: bytes, form: CsvFormat | None = None) -> TextTable:
    return parse_text_table(data, "f.csv", form or CsvFormat(), Findings())


@pytest.mark.parametrize(
    "data",
    [
        b"name,city\nM\xc3\xbcller,K\xc3\xb6ln\n",
        b"\xef\xbb\xbfname,city\r\nM\xc3\xbcller,K\xc3\xb6ln\r\n",
        "name;city\nMüller;Köln\n".encode("cp1252"),
        "name\tcity\nMüller\tKöln\n".encode("utf-16"),
        "name|city\nMüller|Köln".encode(),
        'sep=;\nname;city\n"Müller";"Köln"\n'.encode(),
        "name,city\rMüller,Köln\r".encode(),
        " name , city \n Müller ,\u00a0Köln\u00a0\n,\n\n".encode(),
    ],
)
def test_encodings_delimiters_and_line_ends(data: bytes) -> None:
    assert read(data).frame.to_dict(as_series=False) == {"name": ["Müller"], "city": ["Köln"]}


def test_rows_are_counted_as_a_spreadsheet_counts_them() -> None:
    """Row 1 is the header; the blank row 3 counts; a line break in a cell does not."""
    table = read(b'a,b\n1,"x\ny"\n\n2,z\n')

    assert table.rows.to_list() == [2, 4]
    assert table.frame["b"].to_list() == ["x\ny", "z"]


def test_decimal_commas_do_not_hide_the_semicolon() -> None:
    assert read(b"a;b\n1,5;2,5\n3,5;4,5\n").columns == ["a", "b"]


def test_quotes_inside_cells() -> None:
    table = read(b'a,b\n5" pipe,1\n"say ""hi""",2\n')

    assert table.frame["a"].to_list() == ['5" pipe', 'say "hi"']


def test_lines_before_the_header_are_skipped_when_told() -> None:
    table = read(b"Report of today\n\na,b\n1,2\n", CsvFormat(skip=2))

    assert table.columns == ["a", "b"]
    assert table.rows.to_list() == [4]


def test_repeated_and_blank_headers_get_names() -> None:
    assert read(b"a,a,\n1,2,3\n").columns == ["a", "a (2)", "column 3"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "header"),
        (b"\n \n", "header"),
        (b"a,b\n1,2\n1,2,3\n", "row 3: has 3 cells, but the header has 2"),
        (b'a,b\n1,"2\n3,4\n', "never closed"),
        (b"PK\x03\x04 zip", "workbook"),
        ("a,b\n1,2\n".encode("utf-16-le"), "zero bytes"),
        (b"a,b\n\x81\x8d,\xff\n", "neither UTF-8 nor Windows-1252"),
    ],
)
def test_what_cannot_be_read_is_explained(data: bytes, words: str) -> None:
    with pytest.raises(TableError, match=r"f\.csv") as caught:
        read(data)

    assert words in str(caught.value)
