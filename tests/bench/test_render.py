"""Table and plots from rows that are written by hand."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from benchmarks import ablation, literature, plots, tables
from benchmarks.ablation import Switched
from benchmarks.phases import Reference
from benchmarks.render import BEGIN, END, TABLE, between, line, main, render
from benchmarks.rows import RESULTS, Results, Row
from benchmarks.traces import Point

SVG = "{http://www.w3.org/2000/svg}"
LARGEST = 60_000


def row(contender: str, objective: float | None, bound: float | None, *, pairs: int = 12_000) -> Row:
    """A row on a book; plan and bound come after 2 s."""
    trace = () if objective is None else (Point(2.0, objective, bound), Point(10.0, objective, bound))
    return Row(
        instance=f"book/{pairs // 12}x20x12",
        contender=contender,
        repetition=0,
        limit_s=30.0,
        relative_gap=0.0,
        status="no plan" if objective is None else "plan",
        objective=objective,
        bound=bound,
        seconds=10.0,
        load_seconds=0.5,
        peak_memory_mb=1_536.0,
        verified=True if contender == "coverplan" else None,
        accounts=pairs // 12,
        reps=20,
        pairs=pairs,
        trace=trace,
        code="abc",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Results of two contenders on two sizes."""
    rows = [row("coverplan", 1_000.0, 1_002.0), row("highs", 1_000.0, 1_010.0), row("scip", None, 1_100.0)]
    rows += [row("coverplan", 2_000.0, 2_004.0, pairs=240_000)]
    about = {
        "date": "2027-01-01",
        "machine": {"processor": "a processor", "cores": 2, "memory_gb": 8, "system": "Linux x86_64"},
        "python": "3.11.0",
        "versions": {"coverplan": "0.1.0"},
        "commit": "abcdef",
    }
    Results(about, rows).write(tmp_path / RESULTS)
    return tmp_path


def test_results_survive_the_file(folder: Path) -> None:
    """What is read is what was written, and it is written line by line."""
    results = Results.read(folder / RESULTS)

    assert results.rows[0] == row("coverplan", 1_000.0, 1_002.0)
    results.write(folder / "again.json")
    assert (folder / "again.json").read_text() == (folder / RESULTS).read_text()
    assert len((folder / RESULTS).read_text().splitlines()) == 2 + len(results.rows) + 1


def test_a_row_of_the_same_key_replaces_and_the_code_decides_what_is_known() -> None:
    """Results go on where they ended, but not with another code's rows."""
    results = Results()
    results.put(row("highs", 1.0, 2.0))
    results.put(row("highs", 1.5, 2.0))

    assert [kept.objective for kept in results.rows] == [1.5]
    assert results.has(results.rows[0].key, "abc")
    assert not results.has(results.rows[0].key, "def")


def test_the_table_names_machine_date_and_every_instance(folder: Path) -> None:
    """(1002 - 1000) / 1000 is 0.2 %, (1010 - 1000) / 1000 is 1 %."""
    render(folder)

    text = (folder / TABLE).read_text()

    assert "2027-01-01, commit abcdef. a processor, 2 cores, 8 GB" in text
    assert "| 1,000 accounts, 20 reps, 12 each, 30 s | gap 0.20 %, 10 s | gap 1.00 %, 10 s | no plan |" in text
    assert "| 20,000 x 20 | 240,000 | 2.00 s | 2.00 s | 0.20 % |" in text
    assert "1.5 GB" in text


@pytest.mark.parametrize(
    ("status", "objective", "bound", "best_known", "expected"),
    [
        ("optimal", -100.0, -100.0, -100.0, "proven, 4.00 s"),
        ("plan", -101.0, -99.0, -100.0, "1.00 % off best known, gap 1.99 %, 4.00 s"),  # 2 / 101 = 1.9802 %, rounded up
        ("plan", -100.0, -99.0, -100.0, "best known, gap 1.00 %, 4.00 s"),
        ("plan", 50.0, None, None, "4.00 % off the best bound"),  # (52 - 50) / 50
        ("breaks hard rules", None, None, None, "breaks hard rules"),
    ],
)
def test_a_cell_says_what_was_proven(
    status: str, objective: float | None, bound: float | None, best_known: float | None, expected: str
) -> None:
    """Distance to the best known where the literature knows one."""
    cell = Row("x", "highs", 0, 60.0, 0.0, status, objective, bound, seconds=4.0, best_known=best_known)

    assert tables.overview_cell(cell, Reference(None, 52.0)) == expected


def test_a_row_that_the_limit_ended_says_when_its_first_plan_came() -> None:
    """60 of 60 s; the first plan came after 3."""
    trace = (Point(3.0, 50.0, 60.0), Point(60.0, 50.0, 51.0))
    cell = Row("x", "highs", 0, 60.0, 0.0, "plan", 50.0, 51.0, seconds=60.1, trace=trace)

    assert tables.overview_cell(cell, Reference(50.0, 51.0)) == "gap 2.00 %, first plan 3.00 s"


def test_the_literature_is_counted_by_type() -> None:
    """Of two d: one reached and proven, one 1 % off; the c has no plan. Runs after the first do not count twice."""
    rows = [
        Row("gap/d1", "highs", 0, 60.0, 0.0, "optimal", -100.0, -100.0, best_known=-100.0),
        Row("gap/d2", "highs", 0, 60.0, 0.0, "plan", -101.0, -99.0, best_known=-100.0),
        Row("gap/d2", "highs", 1, 60.0, 0.0, "plan", -101.0, -99.0, best_known=-100.0),
        Row("gap/c1", "highs", 0, 60.0, 0.0, "no plan", best_known=-100.0),
        Row("book/a", "highs", 0, 60.0, 0.0, "plan", 1.0, 1.0),
    ]

    assert literature.lines(rows, ["highs", "scip"]) == [
        ["GAP type C, 60 s", "0 of 1 best known, 0 proven, 1 without a plan", ""],
        ["GAP type D, 60 s", "1 of 2 best known, 1 proven, at most 1.00 % off", ""],
    ]


def test_the_readme_gets_the_short_table_between_its_marks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands around the marks stays; without marks nothing is written."""
    readme = folder / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    monkeypatch.setattr("sys.argv", ["render", "--out", str(folder), "--readme", str(readme)])

    main()

    text = readme.read_text()
    assert text.startswith(f"before\n{BEGIN}\n\nOn 2 cores (a processor, 8 GB), 2027-01-01, commit abcdef;")
    assert text.endswith(f"growth.svg)\n\n{END}\nafter\n")
    assert "old" not in text
    with pytest.raises(ValueError, match="measured"):
        between("no marks", "new")


def test_plots_are_small_readable_svg(folder: Path) -> None:
    """Text is text; both contenders stand in the legend, and the one without a plan is named."""
    render(folder)

    for name in ("gap.svg", "growth.svg"):
        data = (folder / name).read_bytes()
        words = " ".join("".join(text.itertext()) for text in ET.fromstring(data).iter(f"{SVG}text"))
        assert len(data) < LARGEST
        assert "Coverplan" in words
        assert "HiGHS" in words
    assert "no plan: SCIP" in (folder / "gap.svg").read_text()


def test_plots_of_everybody_with_full_traces_stay_small(tmp_path: Path) -> None:
    """Seven contenders on four instances, each with as many points as a row keeps."""
    times = [60.0 * 0.8**k for k in range(23, -1, -1)]
    rows = [
        Row(f"gap/d{k}", name, 0, 60.0, 0.0, "plan", 1.0, 2.0, trace=tuple(Point(t, 1.0, 1 + 1 / t) for t in times))
        for k in range(4)
        for name in tables.ORDER
    ]

    (path,) = plots.draw(rows, tmp_path)

    assert path.stat().st_size < LARGEST


def test_a_proven_gap_is_drawn_at_the_lower_edge_until_the_limit() -> None:
    """Gaps 1 and 0; the second is drawn at one in a million."""
    trace = [Point(0.01, None, 2.0), Point(1.0, 1.0, 2.0), Point(3.0, 2.0, 2.0)]

    assert plots.steps(trace, 10.0) == ([1.0, 3.0, 10.0], [1.0, plots.LEAST_GAP, plots.LEAST_GAP])


def test_nothing_measured_is_said(tmp_path: Path) -> None:
    """No rows, no plots, and no error."""
    written = render(tmp_path)

    assert [path.name for path in written] == [RESULTS, TABLE]
    assert "Nothing was measured yet." in (tmp_path / TABLE).read_text()


def test_what_is_shown_is_copied(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--to` takes everything along."""
    shown = tmp_path / "shown"
    monkeypatch.setattr("sys.argv", ["render", "--out", str(folder), "--to", str(shown)])

    main()

    assert sorted(path.name for path in shown.iterdir()) == ["gap.svg", "growth.svg", RESULTS, TABLE]


def test_a_line_tells_whoever_watches() -> None:
    """Instance, contender, worth, gap, time, memory, and whether it holds."""
    text = line(row("coverplan", 1_000.0, 1_002.0))

    words = "book/1000x20x12 coverplan 1,000 gap 0.20 % 10.0 s 1,536 MB verified"
    assert " ".join(text.split()) == words


def test_the_ablation_table_takes_the_median_of_each_variant() -> None:
    """Of gaps 0.3, 0.1 and 0.2 % the median is 0.2 %."""
    rows = [
        Switched("book/a", "without reduced-cost fixing", k, 60.0, 1.0, 1.0, share, share, 2.0, 3.0, 60.0)
        for k, share in enumerate([0.003, 0.001, 0.002])
    ]

    assert "| book/a, 60 s | without reduced-cost fixing | 0.20 % | 0 | 3.00 s | 2.00 s |" in ablation.table(rows)
