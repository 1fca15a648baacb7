"""What a command is given beside its own options: the settings."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import click

from streams import settings as environment
from streams.commands.options import bootstrap_option

if TYPE_CHECKING:
    from collections.abc import Callable


def with_settings(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option --bootstrap and, as first argument, the settings.

    The option is taken before the command's name too (`forewarn --bootstrap HOST:PORT alerts`) and wins over the
    environment.
    """

    @bootstrap_option
    @click.pass_context
    @functools.wraps(function)
    def wrapped(context: click.Context, /, bootstrap: str | None, **options: object) -> None:
        if bootstrap:
            context.obj = {**(context.obj or {}), "bootstrap": bootstrap}  # for the subcommands of a group, too
        function(environment.load(bootstrap=(context.obj or {}).get("bootstrap")), **options)

    return wrapped
