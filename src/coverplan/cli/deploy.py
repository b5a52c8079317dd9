"""`coverplan deploy`: prints what those who run the service start from."""

from __future__ import annotations

from typing import Annotated

import typer

from coverplan.deploy import Document, text_of


def deploy(
    document: Annotated[Document, typer.Argument(help="Alert rules of Prometheus, a dashboard of Grafana, manifests.")],
) -> None:
    """Print alert rules, a dashboard or Kubernetes manifests of this version.

    For example: `coverplan deploy kubernetes | kubectl apply -f -`.
    """
    typer.echo(text_of(document), nl=False)
