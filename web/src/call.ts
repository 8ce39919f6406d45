// One call: the line, the microphone, the player and what was said. The page looks at it and tells it what to do.
import type { Role } from "./api";
import { toBase64 } from "./base64";
import { CallLog } from "./call_log";
import { Connection, type Trouble } from "./connection";
import { Conversation } from "./conversation";
import type { ClientEvent, ServerEvent } from "./events";
import { Microphone, MicrophoneProblem } from "./microphone";
import { Player, type Played } from "./player";
import type { Word } from "./words";

export interface CallListener {
  changed(): void;
  levels(you: number, them: number): void;
  notice(word: Word, values?: Record<string, string | number>, retry?: boolean): void;
  keyNeeded(): void;
}

const emptyVoicePatience = 8000; // ms for the words of a voice; then it was none

export class Call {
  readonly conversation = new Conversation();
  readonly log: CallLog;
  connected = false;
  muted = false;
  spoken: Played = { item: "", ms: 0 };
  /** Of each answer, how much sound there is so far. */
  readonly received = new Map<string, number>();
  microphoneProblem: Word | undefined;
  private connection: Connection;
  private microphone: Microphone | undefined;
  private player: Player | undefined;
  private readonly early: { item: string; base64: string }[] = [];
  private ended = false;
  private countdown = 0;
  private replayed = new Set<string>();

  constructor(
    private role: Role,
    private voice: string,
    private readonly listener: CallListener,
  ) {
    this.log = new CallLog(role.id);
    this.connection = this.connect();
    void this.openSound();
  }

  hangUp(): void {
    this.ended = true;
    clearInterval(this.countdown);
    this.connection.close();
    void this.microphone?.close();
    void this.player?.close();
    this.conversation.settle();
    this.connected = false;
    this.listener.changed();
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.microphone?.mute(muted);
    this.listener.changed();
  }

  setVoice(voice: string): void {
    this.voice = voice;
    if (this.connected) this.send({ type: "session.update", session: { type: "realtime", audio: { output: { voice } } } });
  }

  /** Another character answers from now on; what was said stays known to it. */
  changeRole(role: Role, voice: string): void {
    this.role = role;
    this.voice = voice;
    void this.player?.stop();
    this.connection.close();
    this.connected = false;
    this.conversation.settle();
    this.connection = this.connect();
    this.listener.changed();
  }

  type(text: string): void {
    if (this.conversation.responding) this.send({ type: "response.cancel" });
    void this.silence();
    this.send({ type: "conversation.item.create", item: { type: "message", role: "user", content: [{ type: "input_text", text }] } });
    this.send({ type: "response.create" });
  }

  interrupt(): void {
    this.send({ type: "response.cancel" });
    void this.silence();
  }

  retryNow(): void {
    this.connection.retryNow();
  }

  private connect(): Connection {
    const connection: Connection = new Connection(this.role.id, {
      opened: (again) => this.opened(again),
      event: (event) => {
        if (connection === this.connection) this.hear(event);
      },
      trouble: (trouble) => this.broken(trouble),
    });
    return connection;
  }

  private async openSound(): Promise<void> {
    const player = await Player.open();
    if (this.ended) return void player.close();
    this.player = player;
    player.onProgress = (played, playing, level) => {
      this.spoken = played;
      this.conversation.onPlaying(playing);
      this.listener.levels(-1, playing ? level : 0);
      this.listener.changed();
    };
    for (const { item, base64 } of this.early.splice(0)) player.play(item, base64);
    try {
      const microphone = await Microphone.open(
        (pcm, level) => {
          if (this.connected) this.send({ type: "input_audio_buffer.append", audio: toBase64(pcm) });
          this.listener.levels(this.muted ? 0 : level, -1);
        },
        () => this.listener.notice("microphone_lost"),
      );
      if (this.ended) return void microphone.close();
      this.microphone = microphone;
      microphone.mute(this.muted);
    } catch (error) {
      if (!(error instanceof MicrophoneProblem)) throw error;
      this.microphoneProblem = error.word;
      this.listener.notice(error.word);
    }
    this.listener.changed();
  }

  private send(event: ClientEvent): void {
    if (this.connection.send(event)) this.log.add("client", event);
  }

  private opened(again: boolean): void {
    clearInterval(this.countdown);
    this.connected = true;
    const session: Record<string, unknown> = { type: "realtime", parley: { timings: true, grounds: true } };
    if (this.voice) session.audio = { output: { voice: this.voice } };
    this.send({ type: "session.update", session });
    const before = this.conversation.history();
    this.replayed = new Set();
    this.conversation.lines = this.conversation.lines.map((line) => ({ ...line, id: `kept_${line.id}`.slice(-60) }));
    for (const line of before) {
      const type = line.who === "user" ? "input_text" : "output_text";
      const id = `past_${crypto.randomUUID().replaceAll("-", "")}`;
      this.replayed.add(id);
      this.send({ type: "conversation.item.create", item: { id, type: "message", role: line.who, content: [{ type, text: line.text }] } });
    }
    if (!again && this.role.greeting) this.send({ type: "response.create", response: { parley: { say: this.role.greeting } } });
    if (again) this.listener.notice("server_back");
    this.listener.changed();
  }

  private hear(event: ServerEvent): void {
    this.log.add("server", event);
    const id = event.item_id ?? event.item?.id;
    if (id !== undefined && this.replayed.has(id)) return; // its line stands here already
    for (const wish of this.conversation.apply(event)) {
      if (wish.kind === "sound") this.playSound(wish.item, wish.base64);
      if (wish.kind === "stop-player") void this.silence();
      if (wish.kind === "retrieve") this.send({ type: "conversation.item.retrieve", item_id: wish.item });
    }
    if (event.type === "input_audio_buffer.speech_stopped") {
      setTimeout(() => {
        if (this.conversation.phase === "hearing") return;
        this.conversation.giveUp();
        this.listener.changed();
      }, emptyVoicePatience);
    }
    this.takeComplaint();
    this.listener.changed();
  }

  private playSound(item: string, base64: string): void {
    this.received.set(item, (this.received.get(item) ?? 0) + (base64.length * 3) / 4 / 48);
    if (this.player) this.player.play(item, base64);
    else this.early.push({ item, base64 });
  }

  /** Stops the player and tells the server what was heard, so that it remembers no more than that. */
  private async silence(): Promise<void> {
    const played = await this.player?.stop();
    if (!played) return;
    this.spoken = played;
    this.send({ type: "conversation.item.truncate", item_id: played.item, content_index: 0, audio_end_ms: played.ms });
  }

  private takeComplaint(): void {
    const complaint = this.conversation.complaint;
    this.conversation.complaint = undefined;
    if (!complaint || complaint.code === "response_cancel_not_active") return;
    if (complaint.code === "session_expired") return this.listener.notice("session_over");
    this.listener.notice("server_says", { message: complaint.message });
  }

  private broken(trouble: Trouble): void {
    clearInterval(this.countdown);
    if (this.connected) {
      void this.player?.stop();
      this.conversation.settle();
    }
    this.connected = false;
    this.listener.changed();
    if (trouble.why === "key") return this.listener.keyNeeded();
    const word: Word = trouble.why === "gone" ? "server_gone" : trouble.why === "starting" ? "server_starting" : "server_full";
    const until = performance.now() + trouble.seconds * 1000;
    const say = (): void => {
      this.listener.notice(word, { s: Math.max(0, Math.ceil((until - performance.now()) / 1000)) }, true);
    };
    say();
    this.countdown = window.setInterval(say, 1000);
  }
}
