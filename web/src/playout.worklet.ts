// The loudspeaker's side. It knows what it has played of which answer, to the sample: that is what the listener has heard.
import { AudioWorklet, register } from "./worklet_scope";

interface Block {
  item: string;
  samples: Float32Array;
}

const report = 24000 / 20; // every 50 ms

class Playout extends AudioWorklet {
  private queue: Block[] = [];
  private offset = 0;
  private item = "";
  private played = 0;
  private sinceReport = 0;
  private energy = 0;
  private fading = 0;
  private last = 0;

  constructor() {
    super();
    this.port.onmessage = (message: MessageEvent<Block | "stop">) => {
      if (message.data === "stop") {
        const busy = this.queue.length > 0;
        this.queue = [];
        this.offset = 0;
        this.fading = 48; // 2 ms, so that it does not click
        this.port.postMessage({ stopped: this.item, played: this.played, busy });
      } else {
        this.queue.push(message.data);
      }
    };
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const out = outputs[0]?.[0];
    if (!out) return true;
    for (let i = 0; i < out.length; i++) {
      const block = this.queue[0];
      if (!block) {
        out[i] = this.fading > 0 ? (this.last * this.fading--) / 48 : 0;
        continue;
      }
      if (block.item !== this.item) {
        this.item = block.item;
        this.played = 0;
      }
      const sample = block.samples[this.offset++] ?? 0;
      out[i] = this.last = sample;
      this.energy += sample * sample;
      this.played++;
      if (this.offset >= block.samples.length) {
        this.queue.shift();
        this.offset = 0;
        if (this.queue.length === 0) this.tell();
      }
    }
    this.sinceReport += out.length;
    if (this.sinceReport >= report) this.tell();
    return true;
  }

  private tell(): void {
    const level = Math.sqrt(this.energy / Math.max(1, this.sinceReport));
    this.port.postMessage({ item: this.item, played: this.played, playing: this.queue.length > 0, level });
    this.sinceReport = 0;
    this.energy = 0;
  }
}

register("parley-playout", Playout);
