// The microphone's side: whatever rate the machine has becomes 24 kHz PCM16 in pieces of 40 ms.
import { AudioWorklet, register, contextRate } from "./worklet_scope";

const rate = 24000;
const piece = rate / 25;

class Capture extends AudioWorklet {
  private readonly step = contextRate() / rate;
  private sum = 0;
  private count = 0;
  private position = 0;
  private readonly out = new Int16Array(piece);
  private filled = 0;
  private energy = 0;

  process(inputs: Float32Array[][]): boolean {
    const channel = inputs[0]?.[0];
    if (!channel) return true;
    for (const sample of channel) {
      // The mean over one output sample's time: enough of a low-pass for a voice, and exact when the rates are equal.
      this.sum += sample;
      this.count++;
      this.position++;
      if (this.position < this.step) continue;
      this.position -= this.step;
      this.push(this.sum / this.count);
      this.sum = 0;
      this.count = 0;
    }
    return true;
  }

  private push(value: number): void {
    const clipped = Math.max(-1, Math.min(1, value));
    this.out[this.filled++] = Math.round(clipped * 32767);
    this.energy += clipped * clipped;
    if (this.filled < piece) return;
    const copy = this.out.slice();
    this.port.postMessage({ pcm: copy, level: Math.sqrt(this.energy / piece) }, [copy.buffer]);
    this.filled = 0;
    this.energy = 0;
  }
}

register("parley-capture", Capture);
