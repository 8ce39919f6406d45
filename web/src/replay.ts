// A downloaded call once more: its words, its turns and both sides' sound, at the pace it had.
import { readLog, type Entry } from "./call_log";
import { Conversation } from "./conversation";
import type { ClientEvent, ServerEvent } from "./events";
import { Player, type Played } from "./player";

export class Replay {
  readonly conversation = new Conversation();
  readonly received = new Map<string, number>();
  spoken: Played = { item: "", ms: 0 };
  private next = 0;
  private timer = 0;
  private readonly zero = performance.now();

  private constructor(
    readonly began: Date,
    readonly role: string,
    private readonly entries: Entry[],
    private readonly them: Player,
    private readonly you: Player,
    private readonly onChange: () => void,
  ) {
    them.onProgress = (played, playing) => {
      this.spoken = played;
      this.conversation.onPlaying(playing);
      this.onChange();
    };
    this.step();
  }

  /** Throws when the text is no log. */
  static async open(text: string, onChange: () => void): Promise<Replay> {
    const { began, role, entries } = readLog(text);
    return new Replay(began, role, entries, await Player.open(), await Player.open(), onChange);
  }

  stop(): void {
    clearTimeout(this.timer);
    void this.them.close();
    void this.you.close();
    this.conversation.settle();
  }

  private step(): void {
    const now = performance.now() - this.zero;
    for (let entry = this.entries[this.next]; entry && entry.at <= now; entry = this.entries[++this.next]) {
      if (entry.from === "client") this.onClient(entry.event as ClientEvent);
      else this.onServer(entry.event as ServerEvent);
    }
    this.onChange();
    const upcoming = this.entries[this.next];
    if (upcoming) this.timer = window.setTimeout(() => this.step(), Math.max(10, upcoming.at - now));
  }

  private onClient(event: ClientEvent): void {
    if (event.type === "input_audio_buffer.append") this.you.play("you", String(event.audio));
  }

  private onServer(event: ServerEvent): void {
    for (const wish of this.conversation.apply(event)) {
      if (wish.kind === "stop-player") void this.them.stop();
      if (wish.kind !== "sound") continue;
      this.received.set(wish.item, (this.received.get(wish.item) ?? 0) + (wish.base64.length * 3) / 4 / 48);
      this.them.play(wish.item, wish.base64);
    }
  }
}
