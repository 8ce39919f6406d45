"""Checks recorded server events, one JSON object a line, against the types of the official openai package, strictly.

    tests/clients/check_events.py build/release/src/server/server_test     runs it to record them
    tests/clients/check_events.py events.jsonl
"""

import client_venv

client_venv.enter()

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from openai.types.realtime import RealtimeServerEvent
from openai.types.realtime.realtime_response_usage import RealtimeResponseUsage
from pydantic import BaseModel, TypeAdapter, ValidationError

# Types that Pipecat's receive loop knows; anything else ends its session. The idle timeout goes only to who asked for it.
EVERYBODY_KNOWS = {
    "error",
    "session.created",
    "session.updated",
    "conversation.item.added",
    "conversation.item.done",
    "conversation.item.deleted",
    "conversation.item.retrieved",
    "conversation.item.truncated",
    "conversation.item.input_audio_transcription.completed",
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.failed",
    "input_audio_buffer.cleared",
    "input_audio_buffer.committed",
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.timeout_triggered",
    "rate_limits.updated",
    "response.content_part.added",
    "response.content_part.done",
    "response.created",
    "response.done",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.delta",
    "response.output_audio_transcript.done",
    "response.output_item.added",
    "response.output_item.done",
    "response.output_text.delta",
    "response.output_text.done",
}


def unknown_fields(value, path=""):
    """Fields that the package's models do not declare: they would be our own invention."""
    if isinstance(value, BaseModel):
        for name in value.model_extra or {}:
            yield f"{path}.{name}"
        for name in type(value).model_fields:
            yield from unknown_fields(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from unknown_fields(entry, f"{path}[{index}]")


# What the service sends and the package's request-shaped session type leaves out.
ALLOWED_EXTRA = {".session.object", ".session.id", ".session.expires_at", ".session.parley"}


def problems(line: str, adapter: TypeAdapter) -> list[str]:
    event = json.loads(line)
    kind = event.get("type")
    if "audio/opus" in line:  # an extension: told to those alone who have asked for it
        return []
    if kind not in EVERYBODY_KNOWS:
        return [f"{kind}: not every stock client knows it"]
    try:
        parsed = adapter.validate_python(event, strict=True)
    except ValidationError as error:
        return [f"{kind}: {error}"]
    if not event.get("event_id"):
        return [f"{kind}: no event_id"]
    found = [f"{kind}: {path} is not of the protocol" for path in unknown_fields(parsed) if path not in ALLOWED_EXTRA]
    if kind == "response.done":
        usage = event["response"].get("usage") or {}
        found += [f"{kind}: usage.{name} is missing" for name in RealtimeResponseUsage.model_fields if usage.get(name) is None]
    return found


def record(server_test: str) -> list[str]:
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl", encoding="utf-8") as events:
        run = [server_test, "--gtest_brief=1", "--gtest_filter=RealtimeSessionTest.*"]
        subprocess.run(run, env={**os.environ, "PARLEY_EVENTS_OUT": events.name}, check=True)
        return events.readlines()


def told_to_clients() -> list[str]:
    """What other people's clients were told (record_corpus.py), except in the beta protocol, which has types of its own."""
    folder = pathlib.Path(__file__).resolve().parent.parent.parent / "src/server/testdata/told"
    return [line for file in sorted(folder.glob("*.jsonl")) if file.stem != "beta" for line in file.open(encoding="utf-8")]


def main() -> int:
    adapter = TypeAdapter(RealtimeServerEvent)
    given = sys.argv[1]
    lines = open(given, encoding="utf-8").readlines() if given.endswith(".jsonl") else record(given) + told_to_clients()
    lines = [line for line in lines if line.strip()]
    wrong = [problem for line in lines for problem in problems(line, adapter)]
    for problem in wrong:
        print(problem)
    kinds = sorted({json.loads(line)["type"] for line in lines})
    print(f"{len(lines)} events of {len(kinds)} types, {len(wrong)} problems")
    return 1 if wrong or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
