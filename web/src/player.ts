// Plays answers at 24 kHz and says how much of them was heard.
import { samplesOf } from "./base64";
import url from "./playout.worklet.ts?worker&url";

export interface Played {
  item: string;
  ms: number;
}

export class Player {
  /** `level`: 0 to 1, of what is heard now. */
  onProgress: (played: Played, playing: boolean, level: number) => void = () => {};
  private readonly stopping: ((played: Played | undefined) => void)[] = [];

  private constructor(
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
  ) {
    node.port.onmessage = (message) => this.hear(message.data);
  }

  /** Has to be called from a click: browsers let no page make a sound by itself. */
  static async open(): Promise<Player> {
    const context = new AudioContext({ sampleRate: 24000, latencyHint: "interactive" });
    await context.audioWorklet.addModule(url);
    const node = new AudioWorkletNode(context, "parley-playout", { numberOfInputs: 0, outputChannelCount: [1] });
    node.connect(context.destination);
    await context.resume();
    return new Player(context, node);
  }

  play(item: string, base64: string): void {
    const samples = samplesOf(base64);
    if (samples.length > 0) this.node.port.postMessage({ item, samples }, [samples.buffer]);
  }

  /** Silence at once. What was being played and how far, if anything was. */
  stop(): Promise<Played | undefined> {
    return new Promise((resolve) => {
      this.stopping.push(resolve);
      this.node.port.postMessage("stop");
    });
  }

  async close(): Promise<void> {
    await this.context.close();
  }

  private hear(data: { item?: string; stopped?: string; played: number; playing?: boolean; busy?: boolean; level?: number }): void {
    // What has left the worklet is heard only after the device's own delay.
    const late = (this.context.outputLatency || 0) * 1000;
    const ms = Math.max(0, Math.floor(data.played / 24 - late));
    if (data.stopped !== undefined) {
      this.stopping.shift()?.(data.busy ? { item: data.stopped, ms } : undefined);
    } else {
      this.onProgress({ item: data.item ?? "", ms }, data.playing ?? false, data.level ?? 0);
    }
  }
}
