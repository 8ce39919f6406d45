// A real Chromium with a microphone made of a file, and a server: with engines of cardboard, or the real one.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { chromium } = createRequire(join(root, "web", "package.json"))("playwright-core");

export const parley = process.env.PARLEY ?? join(root, "build/release/parley");
const executablePath = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find(existsSync);

/** Sound as [ms, hz] pieces, hz 0 for silence, as a WAV file. A voice comes in syllables: a browser takes a steady tone for noise. */
export function writeSpeech(path, pieces) {
  const rate = 48000;
  const samples = pieces.flatMap(([ms, hz]) => {
    const count = Math.round((ms * rate) / 1000);
    return Array.from({ length: count }, (_, i) => {
      const syllable = (i / rate) % 0.24;
      const loud = hz > 0 && syllable < 0.18 ? Math.sin((Math.PI * syllable) / 0.18) ** 0.3 : 0;
      return Math.round(14000 * loud * Math.sin((2 * Math.PI * hz * i) / rate));
    });
  });
  writeWav(path, rate, samples);
}

/** A recording of `parley speak` with silence before and behind it. */
export function writeRecording(path, recording, silenceBefore, silenceBehind) {
  const file = readFileSync(recording);
  const rate = file.readUInt32LE(24);
  const at = file.indexOf("data") + 8;
  const samples = Array.from({ length: Math.floor((file.length - at) / 2) }, (_, i) => file.readInt16LE(at + 2 * i));
  const silence = (ms) => new Array(Math.round((ms * rate) / 1000)).fill(0);
  writeWav(path, rate, [...silence(silenceBefore), ...samples, ...silence(silenceBehind)]);
}

function writeWav(path, rate, samples) {
  const wav = Buffer.alloc(44 + 2 * samples.length);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(36 + 2 * samples.length, 4);
  wav.write("WAVEfmt ", 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(rate * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write("data", 36);
  wav.writeUInt32LE(2 * samples.length, 40);
  samples.forEach((sample, i) => wav.writeInt16LE(sample, 44 + 2 * i));
  writeFileSync(path, wav);
}

export class Server {
  /** `options` as cardboard_serve takes them. */
  static start(...options) {
    return Server.run(process.env.CARDBOARD ?? join(root, "build/release/tests/cardboard_serve"), options);
  }
  /** `parley serve` with all that it needs loaded. */
  static async startReal(...options) {
    const server = await Server.run(parley, ["serve", "--port", "0", ...options]);
    while ((await fetch(`${server.url}/readyz`)).status !== 200) await new Promise((resolve) => setTimeout(resolve, 200));
    return server;
  }
  static async run(program, options) {
    const server = new Server();
    server.process = spawn(program, options, { stdio: ["ignore", "pipe", "inherit"] });
    server.url = await new Promise((resolve, reject) => {
      let text = "";
      server.process.stdout.on("data", (data) => {
        text += data;
        const found = /(?:http:\/\/|on )(127\.0\.0\.1:\d+)/.exec(text);
        if (found) resolve(`http://${found[1]}`);
      });
      server.process.on("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    });
    return server;
  }
  async stop() {
    if (this.process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGTERM");
    await ended;
  }
}

/** Writes down how loud the page has been: everything on its way to the loudspeaker passes here as well. */
function listenIn() {
  const connect = AudioNode.prototype.connect;
  window.loudest = 0;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target === this.context.destination) {
      const ear = new AnalyserNode(this.context, { fftSize: 2048 });
      connect.call(this, ear);
      const samples = new Float32Array(2048);
      setInterval(() => {
        ear.getFloatTimeDomainData(samples);
        window.loudness = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
        window.loudest = Math.max(window.loudest, window.loudness);
      }, 20);
    }
    return connect.call(this, target, ...rest);
  };
}

export class Visit {
  /** `speech`: what the microphone hears from the moment it is opened, as pieces or a WAV file; none: there is no microphone. */
  static async open(url, { speech, deny = false, language = "zh-CN", width = 1280, height = 860, dark = false } = {}) {
    const visit = new Visit();
    visit.folder = mkdtempSync(join(tmpdir(), "parley-visit-"));
    const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
    args.push("--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required");
    if (speech) {
      const file = typeof speech === "string" ? speech : join(visit.folder, "speech.wav");
      if (file !== speech) writeSpeech(file, speech);
      args.push("--use-fake-device-for-media-stream", `--use-file-for-fake-audio-capture=${file}%noloop`);
      args.push(deny ? "--deny-permission-prompts" : "--use-fake-ui-for-media-stream");
    } else {
      args.push("--use-fake-ui-for-media-stream");
    }
    visit.browser = await chromium.launch({ executablePath, headless: true, args });
    const context = await visit.browser.newContext({
      locale: language,
      viewport: { width, height },
      deviceScaleFactor: 1,
      colorScheme: dark ? "dark" : "light",
      acceptDownloads: true,
    });
    await context.addInitScript(listenIn);
    visit.page = await context.newPage();
    visit.complaints = [];
    visit.page.on("pageerror", (error) => visit.complaints.push(String(error)));
    visit.page.on("console", (message) => {
      // A server that is gone is what some tests are about; the browser complains of it by itself.
      if (message.type() === "error" && !/net::ERR|WebSocket|status of (401|503)/.test(message.text())) visit.complaints.push(message.text());
    });
    await visit.page.goto(url);
    return visit;
  }
  async close() {
    await this.browser.close();
    rmSync(this.folder, { recursive: true, force: true });
    if (this.complaints.length > 0) throw new Error(`the page complained: ${this.complaints.join("; ")}`);
  }
  /** Until `condition` holds in the page. Asked from here: the page's own security policy lets nobody evaluate text in it. */
  async until(condition, timeout = 15000) {
    const end = Date.now() + timeout;
    while (!(await this.page.evaluate(condition))) {
      if (Date.now() > end) throw new Error(`never came true: ${condition}`);
      await this.page.waitForTimeout(25);
    }
  }
  /** Until `text` can be read in the element. */
  async read(selector, text, timeout = 15000) {
    await this.page.locator(selector).filter({ hasText: text }).first().waitFor({ timeout });
  }
}
