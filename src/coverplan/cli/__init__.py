"""The command line: one command per file, assembled here."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError

from coverplan import __version__
from coverplan.cli.bad_input import BadInputError
from coverplan.cli.exits import Exit

COMMANDS = (
    "solve",
    "verify",
    "validate",
    "evaluate",
    "export",
    "convert",
    "generate",
    "serve",
    "worker",
    "keys",
    "audit",
    "migrate",
    "deploy",
    "experiment",
    "demo",
    "doctor",
)
"""Each is a module of this package with a function, or a group of commands, of the same name."""


def main() -> None:
    """Run the command line; the exit code says how it ended (`Exit`)."""
    try:
        _app(sys.argv[1:])(prog_name="coverplan")
    except BadInputError as error:
        error.show()
        sys.exit(Exit.BAD_INPUT)
    except ValidationError as error:
        if error.title != "Settings":
            _fail(error)
        for fault in error.errors():
            setting = f"COVERPLAN_{'_'.join(map(str, fault['loc']))}".upper()
            print(f"coverplan: {setting}={fault['input']}: {fault['msg']}", file=sys.stderr)
        sys.exit(Exit.BAD_INPUT)
    except Exception as error:  # noqa: BLE001 - nothing is left to catch it
        _fail(error)


def _fail(error: Exception) -> NoReturn:
    """Report an internal error."""
    if os.environ.get("COVERPLAN_DEBUG"):
        raise error
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    print(f"coverplan: internal error: {reason}\nSet COVERPLAN_DEBUG=1 for the traceback.", file=sys.stderr)
    sys.exit(Exit.INTERNAL)


def _app(arguments: list[str]) -> typer.Typer:
    """The application; a call that names its command imports that command only."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_about)
    first = arguments[0] if arguments else ""
    needed = {"--version": ()}.get(first, (first,) if first in COMMANDS else COMMANDS)
    for name in needed:
        module = _imported(name)
        command = getattr(module, name)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name, epilog=getattr(module, "EPILOG", None))(command)
    return app


def _imported(command: str) -> ModuleType:
    """The module of a command, without the collector, which would only look at what stays again and again."""
    gc.disable()
    try:
        return import_module(f"coverplan.cli.{command}")
    finally:
        gc.enable()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"coverplan {__version__}")
        raise typer.Exit


def _about(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Assign accounts to sales reps by a mixed-integer program, with a proven gap and the reasons.

    Answers go to standard output, progress to standard error.
    Exit codes: 0 a plan, verified or valid; 1 infeasible, not verified or not valid; 2 bad input;
    3 no plan within the limit; 4 internal error.
    """
