// What an audio worklet's global scope has and TypeScript's libraries do not declare.

interface Scope {
  AudioWorkletProcessor: new () => { readonly port: MessagePort };
  registerProcessor(name: string, type: new () => object): void;
  sampleRate: number;
}

const scope = globalThis as unknown as Scope;

export const AudioWorklet = scope.AudioWorkletProcessor;
export const register = (name: string, type: new () => object): void => scope.registerProcessor(name, type);
export const contextRate = (): number => scope.sampleRate;
