// Everything that was said on the line, both ways, with its time: to download and to replay. Kept in memory only.
import type { ClientEvent, ServerEvent } from "./events";

export interface Entry {
  at: number; // ms since the begin of the call
  from: "client" | "server";
  event: ClientEvent | ServerEvent;
}

interface Head {
  log: "parley-call";
  version: 1;
  began: string; // ISO 8601
  role: string;
}

const mostBytes = 100 * 1024 * 1024; // some twenty minutes of both sides; then the oldest sound goes, the words stay

const isSound = (type: string): boolean => type === "input_audio_buffer.append" || type === "response.output_audio.delta";

export class CallLog {
  private lines: { text: string; sound: boolean }[] = [];
  private bytes = 0;
  private readonly began = new Date();
  private readonly zero = performance.now();

  constructor(private readonly role: string) {}

  add(from: Entry["from"], event: ClientEvent | ServerEvent): void {
    const entry: Entry = { at: Math.round(performance.now() - this.zero), from, event };
    const text = JSON.stringify(entry);
    this.lines.push({ text, sound: isSound(event.type) });
    this.bytes += text.length;
    if (this.bytes <= mostBytes) return;
    let excess = this.bytes - mostBytes * 0.8;
    this.lines = this.lines.filter((line) => {
      if (!line.sound || excess <= 0) return true;
      excess -= line.text.length;
      this.bytes -= line.text.length;
      return false;
    });
  }

  download(): void {
    const head: Head = { log: "parley-call", version: 1, began: this.began.toISOString(), role: this.role };
    const parts = [JSON.stringify(head), ...this.lines.map((line) => line.text)].map((line) => line + "\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(parts, { type: "application/jsonl" }));
    link.download = `parley-${this.role}-${this.began.toISOString().slice(0, 19).replaceAll(":", "-")}.jsonl`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}

/** Throws when the file is none of ours. */
export function readLog(text: string): { began: Date; role: string; entries: Entry[] } {
  const lines = text.split("\n").filter((line) => line !== "");
  const head = JSON.parse(lines.shift() ?? "null") as Head;
  if (head?.log !== "parley-call") throw new Error("no log");
  const entries = lines.map((line) => JSON.parse(line) as Entry);
  if (!entries.every((one) => typeof one.at === "number" && typeof one.event?.type === "string")) throw new Error("no log");
  return { began: new Date(head.began), role: head.role, entries };
}
