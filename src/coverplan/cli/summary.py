"""A plan in words: what a person reads on standard output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coverplan.constraints import Constraint
from coverplan.payload.change import AgainstToday
from coverplan.payload.missed import is_missed
from coverplan.payload.plan import ConstraintRow, Plan, TowardsToday
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.rollups import RepBook
from coverplan.wording.figures import PLAIN
from coverplan.wording.statuses import BOUND_SOURCES, CLOSENESS, STOPPED, term_words, verdict

PIPE_WIDTH = 110
BOOKS_SHOWN = 3
ROWS_SHOWN = 8


def print_plan(plan: Plan, problem: Problem, policy: Policy, *, as_json: bool = False) -> None:
    """Print a plan on standard output: its summary, or the document."""
    if as_json:
        print(plan.model_dump_json())
        return
    names = {rep.id: rep.name or rep.id for rep in problem.reps}
    uncovered = Counter[str](seat.reason for seat in plan.uncovered)
    print_summary(plan, problem.currency, policy.rules(), names, uncovered)


def print_summary(
    plan: Plan, currency: str, rules: Sequence[Constraint], names: Mapping[str, str], uncovered: Counter[str]
) -> None:
    """Print a plan's summary, which needs no seats; `names` by rep, `uncovered` seats by reason."""
    console = Console()
    console = console if console.is_terminal else Console(width=PIPE_WIDTH)
    Summary(plan, currency, rules, names, uncovered, console).show()


class BareVoice:
    """Numbers without units and ids: a line of the summary begins with the rule, which tells both."""

    def amount(self, value: float, unit: str) -> str:
        """The number alone."""
        return PLAIN.significant(value)

    def scope(self, scope: str) -> str:
        """As it stands in the plan."""
        return scope


def closeness_words(found: TowardsToday) -> str:
    """How close to today the plan is among those of equal worth, and what was taken back for it."""
    undone = {0: "no worthless change to undo", 1: "1 worthless change undone"}.get(
        found.undone, f"{found.undone:,} worthless changes undone"
    )
    return f"{undone}; {CLOSENESS[found.scope]}"


class Summary:
    """Prints one plan."""

    def __init__(
        self,
        plan: Plan,
        currency: str,
        rules: Sequence[Constraint],
        names: Mapping[str, str],
        uncovered: Counter[str],
        console: Console,
    ) -> None:
        self.plan = plan
        self.console = console
        self.currency = currency
        self.rules = {str(rule.id): rule for rule in rules}
        self.names = names
        self.reasons = uncovered

    def show(self) -> None:
        """Print everything, the verdict first."""
        if self.plan.upheaval is not None:
            warning = f"[bold]{escape(self.plan.upheaval.message)}[/bold]"
            self.console.print(warning, highlight=False, soft_wrap=True)
        self.console.print(f"[bold]{self._verdict()}[/bold]")
        self._facts()
        if self.plan.objective is not None:
            self._ledger()
            self._books()
        self._rules(self.plan.constraints)
        closest = self.plan.least_violating
        if closest is not None:
            self.console.print("\nThe plan that breaks the hard rules least (it is no plan):")
            self._rules(closest.constraints)
        self._remarks()

    def _line(self, text: str) -> None:
        self.console.print(escape(text), highlight=False, soft_wrap=True)

    def _table(self, title: str, first: str, *numbers: str, footer: bool = False) -> Table:
        """A table of names and numbers."""
        self.console.print(f"\n{escape(title)}")
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, show_footer=footer)
        table.add_column(first, overflow="fold")
        for heading in numbers:
            table.add_column(heading, justify="right")
        return table

    def money(self, amount: float) -> str:
        """An amount in the currency of the problem."""
        return PLAIN.money(amount, self.currency)

    def at_most(self, amount: float) -> str:
        """An amount that is proven never to be exceeded."""
        return PLAIN.money_at_most(amount, self.currency)

    def _verdict(self) -> str:
        gap = None if self.plan.gap is None else PLAIN.percent_at_most(self.plan.gap)
        return verdict(self.plan.solution_status, gap, evaluated=self.plan.method.used == "evaluated")

    def _facts(self) -> None:
        for name, text in self._fact_lines():
            self._line(f"  {name:<12} {text}")

    def _fact_lines(self) -> Iterable[tuple[str, str]]:
        plan = self.plan
        if plan.objective is not None:
            yield "objective", self.money(plan.objective.value)
        if plan.dual_bound is not None:
            source = BOUND_SOURCES.get(plan.dual_bound_source or "", "")
            yield "upper bound", f"{self.at_most(plan.dual_bound)} {source}".rstrip()
        if plan.gap is not None and plan.absolute_gap is not None:
            yield "gap", f"{PLAIN.percent_at_most(plan.gap)} ({self.at_most(plan.absolute_gap)})"
        if plan.certificate is not None:
            yield "certificate", self._certificate()
        if plan.against_today is not None:
            yield "today", self._change(plan.against_today)
        if plan.summary is not None:
            yield from self._seat_lines()
        if plan.towards_today is not None:
            yield "ties", closeness_words(plan.towards_today)
        yield "found by", self._method()

    def _certificate(self) -> str:
        certificate = self.plan.certificate
        assert certificate is not None
        gap = "" if certificate.gap is None else f", gap {PLAIN.percent_at_most(certificate.gap)}"
        scope = "all admissible pairs" if certificate.scope == "all_admissible" else "the listed pairs only"
        count = len(certificate.prices)
        return f"{count:,} row prices prove {self.at_most(certificate.bound)}{gap}, over {scope}"

    def _change(self, change: AgainstToday) -> str:
        """The plan against today's assignment: revenue, and apart from it the prices of soft rules."""
        text = f"{self.money(abs(change.revenue))} {'less' if change.revenue < 0 else 'more'} revenue than today"
        if any(term.term == "penalty" for term in change.terms):
            saved = "added" if change.penalties_saved < 0 else "saved"
            text += f"; {self.money(abs(change.penalties_saved))} of penalties {saved}"
        return text + (f"; today breaks {', '.join(change.broken)}" if change.broken else "")

    def _seat_lines(self) -> Iterable[tuple[str, str]]:
        summary = self.plan.summary
        assert summary is not None
        why = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in self.reasons.most_common())
        uncovered = f"{summary.uncovered:,} uncovered" + (f" ({why})" if why else "")
        yield "seats", f"{summary.seats:,}: {summary.covered:,} covered, {uncovered}"
        moved = f"{summary.moved:,} moved ({PLAIN.percent(summary.moved_share)}"
        moved += f"; {PLAIN.percent(summary.moved_revenue_share)} of revenue, {self.money(summary.moved_revenue)}"
        moved += f"; {summary.dropped:,} of them to nobody)" if summary.dropped else ")"
        forced = f", {summary.forced:,} forced to move" if summary.forced else ""
        yield "moves", f"{summary.kept:,} kept, {moved}{forced}, {summary.new:,} new"
        interim = [book.interim_hours for book in self.plan.reps if book.interim_hours > 0]
        if interim:
            reps = f"{len(interim):,} reps keep" if len(interim) > 1 else "1 rep keeps"
            hours = PLAIN.significant(sum(interim))
            yield "handovers", f"{reps} accounts until their next rep starts: {hours} hours meanwhile"

    def _method(self) -> str:
        method, seconds = self.plan.method, sum(self.plan.metrics.seconds.values())
        text = method.used + (f" with {method.backend}" if method.backend else "")
        text += f" ({method.why})" if method.why else ""
        text += f" in {PLAIN.seconds(seconds)}" if seconds else ""
        stopped = STOPPED.get(self.plan.stopped_by or "")
        return f"{text}; {stopped}" if stopped else text

    def _ledger(self) -> None:
        objective = self.plan.objective
        assert objective is not None
        table = self._table("Ledger", "term", self.currency, footer=True)
        table.columns[0].footer, table.columns[1].footer = "objective", f"{objective.value:,.2f}"
        for term in objective.terms:
            table.add_row(escape(term_words(term.term, term.constraint)), f"{term.value:,.2f}")
        self.console.print(table)

    def _books(self) -> None:
        books = sorted(self.plan.reps, key=_fullness, reverse=True)
        if not books:
            return
        short = len(books) <= 2 * BOOKS_SHOWN
        title = "Books" if short else "Fullest and emptiest books"
        revenue = f"revenue, {self.currency}"
        table = self._table(title, "rep", "accounts", "hours", "of", "used", revenue, "gained", "lost")
        for book in books if short else books[:BOOKS_SHOWN]:
            self._add_book(table, book)
        if not short:
            table.add_row("...")
            for book in books[-BOOKS_SHOWN:]:
                self._add_book(table, book)
        self.console.print(table)

    def _add_book(self, table: Table, book: RepBook) -> None:
        table.add_row(
            escape(self.names.get(book.rep_id, book.rep_id)),
            f"{book.accounts:,}",
            f"{book.hours:,.0f}",
            "no limit" if book.capacity_hours is None else f"{book.capacity_hours:,.0f}",
            "" if book.utilisation is None else PLAIN.percent(book.utilisation, 0),
            f"{book.revenue:,.0f}",
            f"{book.gained:,}",
            f"{book.lost:,}",
        )

    def _rules(self, rows: list[ConstraintRow]) -> None:
        if not rows:
            return
        table = self._table("Rules", "id", "rows", "binding", "violated", f"penalty, {self.currency}")
        for name in dict.fromkeys(row.id for row in rows):
            mine = [row for row in rows if row.id == name]
            binding, violated = sum(row.binding for row in mine), sum(map(is_missed, mine))
            penalty = sum(row.penalty for row in mine)
            table.add_row(escape(name), f"{len(mine):,}", f"{binding:,}", f"{violated:,}", f"{penalty:,.2f}")
        self.console.print(table)
        self._worst(rows)

    def _worst(self, rows: list[ConstraintRow]) -> None:
        worst = sorted(filter(is_missed, rows), key=lambda row: (-row.penalty, -row.violation))
        for row in worst[:ROWS_SHOWN]:
            words = self.rules[row.id].explain(row, BareVoice())
            cost = f", costs {self.money(row.penalty)}" if row.penalty else ""
            wanted = f"should be {' and '.join(words.limits)}, misses by {words.missed}"
            self._line(f"  {row.id} {words.who}: {words.activity}, {wanted}{cost}")
        if len(worst) > ROWS_SHOWN:
            self._line(f"  and {len(worst) - ROWS_SHOWN:,} more")

    def _remarks(self) -> None:
        if self.plan.notes or self.plan.issues:
            self._line("")
        for note in self.plan.notes:
            self._line(f"note: {note}")
        repeated = Counter(f"{issue.severity}: {issue.message}" for issue in self.plan.issues)
        for text, times in list(repeated.items())[:ROWS_SHOWN]:
            self._line(text + (f" ({times:,} times)" if times > 1 else ""))
        if len(repeated) > ROWS_SHOWN:
            self._line(f"and {len(repeated) - ROWS_SHOWN:,} more warnings; they are in the plan")


def _fullness(book: RepBook) -> tuple[float, float]:
    return (-1.0 if book.utilisation is None else book.utilisation, book.revenue)
