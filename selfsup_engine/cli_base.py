"""What all commands share: mistakes as one line, and answers as JSON or as lines for people."""

import json
from collections.abc import Callable
from typing import Any

import click

from selfsup_engine.errors import UserError

Json = dict[str, Any]
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


class Commands(click.Group):
    """Says a person's mistake as one line on standard error, exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            raise click.UsageError(str(error)) from error


def say(data: Json, as_json: bool, lines: Callable[[], list[str]]) -> None:
    """Prints data as JSON, or as lines for people."""
    click.echo(json.dumps(data, indent=2, default=str) if as_json else "\n".join(lines()))


def table(facts: Json) -> list[str]:
    """Facts as aligned lines."""
    width = max(map(len, facts), default=0)
    return [
        f"{key:<{width}}  {value:.4f}" if isinstance(value, float) else f"{key:<{width}}  {value}"
        for key, value in facts.items()
    ]


def parse_fields(pairs: tuple[str, ...]) -> Json:
    """`field=value` pairs; a value is JSON where it parses as such (`[64, 32]`, 0.5, true), else a word."""
    values: Json = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise UserError(f"--set takes field=value, not {pair!r}. Example: --set code=16")
        try:
            values[name] = json.loads(text)
        except (ValueError, RecursionError):
            values[name] = text
    return values
