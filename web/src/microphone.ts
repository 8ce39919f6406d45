// The microphone as pieces of 40 ms of 24 kHz PCM16.
import url from "./capture.worklet.ts?worker&url";
import type { Word } from "./words";

export class MicrophoneProblem extends Error {
  constructor(readonly word: Word) {
    super(word);
  }
}

export class Microphone {
  private constructor(
    private readonly context: AudioContext,
    private readonly stream: MediaStream,
  ) {}

  /** `onLost`: it was unplugged. Throws a MicrophoneProblem that says what to do. */
  static async open(onPiece: (pcm: Int16Array, level: number) => void, onLost: () => void): Promise<Microphone> {
    if (!navigator.mediaDevices?.getUserMedia) throw new MicrophoneProblem("insecure");
    const stream = await capture();
    try {
      const { context, source } = await contextFor(stream);
      await context.audioWorklet.addModule(url);
      const node = new AudioWorkletNode(context, "parley-capture", { numberOfOutputs: 0 });
      node.port.onmessage = (message) => onPiece(message.data.pcm, message.data.level);
      source.connect(node);
      await context.resume();
      for (const track of stream.getAudioTracks()) track.onended = onLost;
      return new Microphone(context, stream);
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      throw error;
    }
  }

  /** Silence is sent instead: the server has to see that the turn has ended. */
  mute(muted: boolean): void {
    for (const track of this.stream.getAudioTracks()) track.enabled = !muted;
  }

  async close(): Promise<void> {
    for (const track of this.stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
    await this.context.close();
  }
}

async function capture(): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError" || name === "SecurityError") throw new MicrophoneProblem("no_permission");
    if (name === "NotFoundError" || name === "OverconstrainedError") throw new MicrophoneProblem("no_microphone");
    throw new MicrophoneProblem("microphone_busy");
  }
}

/** At 24 kHz where the browser converts by itself, else at the device's rate (Firefox); the worklet takes any. */
async function contextFor(stream: MediaStream): Promise<{ context: AudioContext; source: MediaStreamAudioSourceNode }> {
  for (const options of [{ sampleRate: 24000 }, {}]) {
    const context = new AudioContext(options);
    try {
      return { context, source: context.createMediaStreamSource(stream) };
    } catch {
      await context.close();
    }
  }
  throw new MicrophoneProblem("microphone_busy");
}
