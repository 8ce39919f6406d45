// One conversation's line to the server. When it breaks it is made again, with more patience every time, until somebody hangs up.
import { openSocket, ready, Refusal } from "./api";
import type { ClientEvent, ServerEvent } from "./events";

export type Trouble = { why: "gone" | "starting" | "full" | "key"; seconds: number };

export interface ConnectionListener {
  /** A socket is open; `again`: there was one before. */
  opened(again: boolean): void;
  event(event: ServerEvent): void;
  /** The line is down; it is tried again in so many seconds. */
  trouble(trouble: Trouble): void;
}

const longestPause = 10;

export class Connection {
  private socket: WebSocket | undefined;
  private closed = false;
  private opened = 0;
  private failures = 0;
  private timer = 0;

  constructor(
    private role: string,
    private readonly listener: ConnectionListener,
  ) {
    void this.open();
  }

  get up(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  send(event: ClientEvent): boolean {
    if (!this.up) return false;
    this.socket?.send(JSON.stringify(event));
    return true;
  }

  retryNow(): void {
    if (this.closed || this.socket) return;
    clearTimeout(this.timer);
    void this.open();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.drop();
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private async open(): Promise<void> {
    try {
      const socket = await openSocket(this.role);
      if (this.closed) return socket.close();
      this.socket = socket;
      socket.onopen = () => {
        this.failures = 0;
        this.listener.opened(this.opened++ > 0);
      };
      socket.onmessage = (message) => this.listener.event(JSON.parse(message.data as string) as ServerEvent);
      socket.onclose = () => {
        this.drop();
        void this.explain();
      };
    } catch (error) {
      this.again(error);
    }
  }

  /** A browser does not say why a socket was refused; the plain routes do. */
  private async explain(): Promise<void> {
    try {
      await ready();
      this.again(this.failures === 0 && this.opened > 0 ? undefined : new Refusal(429, "", 3));
    } catch (error) {
      this.again(error);
    }
  }

  private again(error: unknown): void {
    if (this.closed) return;
    const refusal = error instanceof Refusal ? error : undefined;
    const pause = Math.min(longestPause, 2 ** this.failures++);
    if (refusal?.status === 401) return this.listener.trouble({ why: "key", seconds: 0 });
    const why = refusal?.status === 503 ? "starting" : refusal?.status === 429 ? "full" : "gone";
    const seconds = why === "gone" ? pause : why === "starting" ? 1 : Math.max(pause, refusal?.retryAfter ?? 3);
    this.listener.trouble({ why, seconds });
    this.timer = window.setTimeout(() => void this.open(), seconds * 1000);
  }
}
