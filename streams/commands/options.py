"""Options that many commands share."""

import click

bootstrap_option = click.option(
    "--bootstrap",
    metavar="HOST:PORT[,…]",
    help="The Kafka cluster. Default: FOREWARN_BOOTSTRAP, else the embedded broker (127.0.0.1:19092).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for a program.")
