"""The AsyncAPI 3.0 document of every topic that a lender's own programs write to or read from.

Seen from Forewarn: it receives the inputs and sends the outputs. Message payloads point to the JSON Schemas.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from streams.events.catalog import INPUTS, MESSAGES, OUTPUTS, VERSION, Channel, tag_of
from streams.events.outputs import DeadLetter

if TYPE_CHECKING:
    from msgspec import Struct

    from streams.events.catalog import Json

ABOUT = (
    "The lender's platform publishes what happens to its loans; Forewarn publishes risk tier changes, each once and in "
    "order per borrower. Records of one borrower carry the borrower id as their key. Read the outputs with "
    "isolation.level=read_committed. A record that Forewarn cannot take goes to dead-letters with its bytes; headers say "
    "where it stood and why."
)


def document() -> dict[str, Json]:
    """The whole document as plain values, in the order in which it reads best."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:forewarn:events",
        "info": {
            "title": "Forewarn events",
            "version": f"{VERSION}.0.0",
            "description": ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {channel.topic: _channel(channel) for channel in (*INPUTS, *OUTPUTS)},
        "operations": {
            **{f"receive-{channel.topic}": _operation("receive", channel) for channel in INPUTS},
            **{f"send-{channel.topic}": _operation("send", channel) for channel in OUTPUTS if channel.messages},
        },
        "components": {"messages": {tag_of(message): _message(message) for message in MESSAGES}},
    }


def _channel(channel: Channel) -> Json:
    summary = channel.summary if channel.messages else channel.summary + " Reserved: nothing is published here yet."
    tags: list[str] = [tag_of(message) for message in channel.messages]
    messages: dict[str, Json] = {tag: {"$ref": f"#/components/messages/{tag}"} for tag in tags}
    return {
        "address": channel.topic,
        "summary": summary,
        "description": f"Key: {channel.key}.",
        "messages": messages,
        "bindings": {"kafka": {"topic": channel.topic}},
    }


def _operation(action: str, channel: Channel) -> Json:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel.topic}"}, "summary": channel.summary}


def _message(message: type[Struct]) -> Json:
    tag = tag_of(message)
    about: dict[str, Json] = {
        "name": tag,
        "title": message.__name__,
        "summary": (inspect.getdoc(message) or "").split("\n\n")[0].replace("\n", " "),
    }
    schema: Json = {
        "schemaFormat": "application/schema+json;version=draft-2020-12",
        "schema": {"$ref": f"./v{VERSION}/{tag}.json"},
    }
    if message is DeadLetter:  # its body is whatever was sent
        return about | {"contentType": "application/octet-stream", "headers": schema}
    return about | {"contentType": "application/json", "payload": schema}
