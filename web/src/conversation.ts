// The call as the page knows it: events in, lines and turns out. No network, no sound, no elements, so that a log replays it.
import { textOf, type Grounds, type MeasuredTurn, type ServerEvent } from "./events";

export interface Line {
  id: string;
  who: "user" | "assistant";
  text: string;
  /** How many characters of an interrupted answer were heard; undefined: it was not interrupted. */
  heard?: number;
  live: boolean;
  failed?: string;
  grounds?: Grounds;
}

export type Phase = "listening" | "hearing" | "thinking" | "speaking";

/** What the page has to do because of an event. */
export type Wish = { kind: "stop-player" } | { kind: "retrieve"; item: string } | { kind: "sound"; item: string; base64: string };

export class Conversation {
  lines: Line[] = [];
  turns: MeasuredTurn[] = [];
  phase: Phase = "listening";
  /** The server's own complaint about the last thing we sent, until it is taken. */
  complaint?: { code: string; message: string };
  voice = "";
  responding = false;

  apply(event: ServerEvent): Wish[] {
    const wishes: Wish[] = [];
    const id = event.item_id ?? event.item?.id ?? "";
    switch (event.type) {
      case "session.created":
      case "session.updated":
        this.voice = event.session?.audio?.output?.voice ?? this.voice;
        break;
      case "input_audio_buffer.speech_started":
        this.dropEmpty();
        this.line(id, "user").live = true;
        this.phase = "hearing";
        wishes.push({ kind: "stop-player" });
        break;
      case "input_audio_buffer.speech_stopped":
        if (this.phase === "hearing") this.phase = "thinking";
        break;
      case "conversation.item.added":
      case "conversation.item.done":
        this.onItem(event);
        break;
      case "conversation.item.input_audio_transcription.delta":
        this.line(id, "user").text += event.delta ?? "";
        break;
      case "conversation.item.input_audio_transcription.completed": {
        const line = this.line(id, "user");
        line.text = event.transcript ?? "";
        line.live = false;
        break;
      }
      case "conversation.item.input_audio_transcription.failed": {
        const line = this.line(id, "user");
        line.failed = event.error?.message ?? "";
        line.live = false;
        break;
      }
      case "response.created":
        this.responding = true;
        if (this.phase !== "hearing") this.phase = "thinking";
        break;
      case "response.output_audio_transcript.delta":
      case "response.output_text.delta":
        this.line(id, "assistant").text += event.delta ?? "";
        break;
      case "response.output_audio.delta":
        wishes.push({ kind: "sound", item: id, base64: event.delta ?? "" });
        break;
      case "response.done":
        this.onDone(event);
        break;
      case "conversation.item.truncated":
        wishes.push({ kind: "retrieve", item: id });
        break;
      case "conversation.item.retrieved":
        if (event.item) this.onHeard(event.item.id, textOf(event.item));
        break;
      case "conversation.item.deleted":
        this.lines = this.lines.filter((line) => line.id !== id);
        break;
      case "parley.response.grounds":
        if (event.grounds) this.line(id, "assistant").grounds = event.grounds;
        break;
      case "parley.turn.measured":
        if (event.turn) this.turns.push(event.turn);
        break;
      case "error":
        this.complaint = { code: event.error?.code ?? "", message: event.error?.message ?? "" };
        break;
    }
    return wishes;
  }

  /** The player has begun, or has nothing more to play. */
  onPlaying(playing: boolean): void {
    if (playing && this.phase !== "hearing") this.phase = "speaking";
    if (!playing && this.phase === "speaking") this.phase = this.responding ? "thinking" : "listening";
  }

  /** A voice in which there were no words: its line goes again. */
  dropEmpty(): void {
    this.lines = this.lines.filter((line) => line.who !== "user" || !line.live || line.text !== "");
  }

  /** A voice has ended long ago and nothing came of it. */
  giveUp(): void {
    this.dropEmpty();
    if (this.phase === "thinking" && !this.responding) this.phase = "listening";
  }

  /** Nothing is under way any more (the line broke). */
  settle(): void {
    this.dropEmpty();
    for (const line of this.lines) line.live = false;
    this.lines = this.lines.filter((line) => line.text !== "" || line.failed !== undefined);
    this.phase = "listening";
    this.responding = false;
  }

  /** What a new session has to be told so that the conversation goes on: what was heard, no more. */
  history(): { who: "user" | "assistant"; text: string }[] {
    return this.lines
      .map((line) => ({ who: line.who, text: line.text.slice(0, line.heard ?? line.text.length).trim() }))
      .filter((line) => line.text !== "")
      .slice(-40);
  }

  private line(id: string, who: Line["who"]): Line {
    let line = this.lines.find((one) => one.id === id);
    if (!line) {
      line = { id, who, text: "", live: true };
      this.lines.push(line);
    }
    return line;
  }

  private onItem(event: ServerEvent): void {
    const item = event.item;
    if (!item || item.type !== "message" || item.role === "system" || !item.role) return;
    const known = this.lines.find((line) => line.id === item.id);
    const text = textOf(item);
    if (item.role === "user") {
      const line = known ?? this.line(item.id, "user");
      if (text !== "") {
        line.text = text;
        line.live = false;
      } else if (event.type.endsWith("done") && this.phase === "hearing") {
        this.phase = "thinking";
      }
    } else if (!known) {
      // A line that is replayed into a new session comes complete.
      const line = this.line(item.id, "assistant");
      line.text = text;
      line.live = item.status === "in_progress";
    }
  }

  private onDone(event: ServerEvent): void {
    this.responding = false;
    const response = event.response;
    for (const item of response?.output ?? []) {
      const line = this.lines.find((one) => one.id === item.id);
      if (!line) continue;
      line.live = false;
      if (response?.status === "cancelled") this.onHeard(item.id, textOf(item));
      if (response?.status === "failed") line.failed = response.status_details?.error?.message ?? "";
    }
    if (this.phase === "thinking") this.phase = "listening";
  }

  private onHeard(id: string, heard: string): void {
    const line = this.lines.find((one) => one.id === id);
    if (!line || line.who !== "assistant") return;
    let same = 0;
    while (same < heard.length && same < line.text.length && heard[same] === line.text[same]) same++;
    line.heard = same >= line.text.trimEnd().length ? undefined : same;
  }
}
