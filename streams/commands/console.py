"""`forewarn console`: the risk officer's page, in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.commands.context import with_settings

if TYPE_CHECKING:
    from streams.settings import Settings

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(epilog="Example: forewarn console --port 8017")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8017, show_default=True, help="0 takes a free one.")
@click.option(
    "--allow-host", "allowed_hosts", metavar="NAME", multiple=True, help="A further name under which it is reached."
)
@click.option(
    "--proxy-header",
    metavar="HEADER",
    default="",
    help="Believe this header of a proxy in front, which signs people in; else a key is printed.",
)
@click.option("--certificate", type=_FILE, help="TLS certificate, PEM; needs --key.")
@click.option("--key", type=_FILE, help="Its key.")
@with_settings
def console(
    settings: Settings,
    *,
    host: str,
    port: int,
    allowed_hosts: tuple[str, ...],
    proxy_header: str,
    certificate: Path | None,
    key: Path | None,
) -> None:
    """Show alerts, borrowers, the book and data quality in a browser, as they happen.

    It reads the topics into a file of its own, under FOREWARN_STATE_DIR, and goes on from there when it is started
    again. It prints a link that signs a browser in, writes nothing to Kafka, and loads nothing from the internet.
    """
    from streams.console.serve import Options, serve

    if (certificate is None) != (key is None):
        raise click.UsageError("--certificate and --key go together.")
    options = Options(
        host=host,
        port=port,
        allowed_hosts=allowed_hosts,
        proxy_header=proxy_header,
        certificate=certificate,
        key=key,
    )
    serve(settings, options, lambda line: click.echo(f"forewarn: {line}", err=True))
