// @openai/agents-realtime, unmodified, against PARLEY_URL (a server with engines of cardboard): the six scenarios of docs/clients.md.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const packages = createRequire(`${process.env.PARLEY_NODE_PACKAGES}/package.json`);
const { RealtimeAgent, RealtimeSession, tool } = await import(pathToFileURL(packages.resolve("@openai/agents-realtime")));
const { z } = await import(pathToFileURL(packages.resolve("zod")));

const url = `${process.env.PARLEY_URL.replace("http", "ws")}/v1/realtime?model=default`;
const rate = 24000;

/** `ms` of a voice at this pitch (see tests/cardboard/engines.hpp), and the silence that ends a turn. */
function voice(hz, ms = 900) {
  const samples = new Int16Array((rate * (ms + 1500)) / 1000);
  for (let i = 0; i < (rate * ms) / 1000; i++) samples[i] = 9000 * Math.sin((2 * Math.PI * hz * i) / rate);
  return samples;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** PARLEY_QUESTION, a recording (mono PCM16, 24 kHz) for a server with real models, and the silence behind it. */
function question() {
  const file = readFileSync(process.env.PARLEY_QUESTION);
  const at = file.indexOf("data") + 8;
  const samples = new Int16Array(Math.floor((file.length - at) / 2) + rate * 3);
  for (let i = 0; at + 2 * i + 1 < file.length; i++) samples[i] = file.readInt16LE(at + 2 * i);
  return samples;
}

async function until(what, condition, patience = process.env.PARLEY_QUESTION ? 60 : 10) {
  for (let i = 0; i < patience * 40; i++) {
    const found = condition();
    if (found) return found;
    await pause(25);
  }
  assert.fail(`never: ${what}`);
}

class Visit {
  static async open() {
    const visit = new Visit();
    visit.events = [];
    visit.sound = 0;
    visit.interrupted = 0;
    visit.asked = [];
    const weather = tool({
      name: "get_weather",
      description: "The weather in a city",
      parameters: z.object({ city: z.string() }),
      execute: async ({ city }) => {
        visit.asked.push(city);
        return `sunny in ${city}`;
      },
    });
    const agent = new RealtimeAgent({ name: "Guide", instructions: "You are a guide.", tools: [weather] });
    visit.session = new RealtimeSession(agent, { transport: "websocket", model: "default" });
    visit.session.on("transport_event", (event) => visit.events.push(event));
    visit.session.on("audio", (event) => (visit.sound += event.data.byteLength));
    visit.session.on("audio_interrupted", () => visit.interrupted++);
    visit.session.on("error", (error) => visit.events.push({ type: "client_error", error }));
    await visit.session.connect({ apiKey: process.env.PARLEY_KEY ?? "none-needed", url });
    await until("session.updated", () => visit.last("session.updated"));
    return visit;
  }
  last(type) {
    return this.events.findLast((event) => event.type === type);
  }
  async say(samples) {
    for (let at = 0; at < samples.length; at += 960) {
      this.session.sendAudio(samples.slice(at, at + 960).buffer);
      await pause(40);
    }
  }
  words(role) {
    return this.session.history
      .filter((item) => item.type === "message" && item.role === role)
      .flatMap((item) => item.content.map((part) => part.transcript ?? part.text ?? ""));
  }
  close() {
    this.session.close();
    const problems = this.events.filter((event) => event.type === "client_error" || event.type === "error");
    assert.deepEqual(problems.map((event) => event.error?.error?.code ?? event.error?.code).filter((code) => code !== "response_cancel_not_active"), []);
  }
}

const scenarios = {
  async greeting() {
    const visit = await Visit.open();
    visit.session.transport.sendEvent({ type: "response.create" });
    await until("the greeting's end", () => visit.last("response.done"));
    assert.ok(visit.sound > rate / 5, "it was heard");
    visit.close();
  },
  async spoken_turn() {
    const visit = await Visit.open();
    await visit.say(voice(300).slice());
    await until("the user's words in the history", () => visit.words("user").includes("你好，今天天气怎么样？"));
    visit.close();
  },
  async tool_call() {
    const visit = await Visit.open();
    await visit.say(voice(700));
    await until("the tool's result in an answer", () => visit.words("assistant").some((words) => words.includes("sunny in Paris")));
    assert.deepEqual(visit.asked, ["Paris"], "asked once");
    visit.close();
  },
  async barge_in() {
    const visit = await Visit.open();
    await visit.say(voice(530));
    await until("the story's sound", () => visit.sound > rate);
    await visit.say(voice(930));
    await until("the interruption", () => visit.interrupted > 0);
    await until("the truncation", () => visit.last("conversation.item.truncated"));
    await until("the new answer", () => visit.words("assistant").some((words) => words.includes("等一下，停。")));
    const story = visit.words("assistant").find((words) => words.startsWith("You said: Tell me"));
    assert.ok(!story?.includes("number 30"), "only what was heard stays");
    visit.close();
  },
  async out_of_band() {
    const visit = await Visit.open();
    visit.session.transport.sendEvent({
      type: "response.create",
      response: {
        conversation: "none",
        output_modalities: ["text"],
        metadata: { topic: "aside" },
        input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "aside" }] }],
      },
    });
    const done = await until("the aside", () => visit.last("response.done"));
    assert.equal(done.response.metadata.topic, "aside");
    assert.equal(done.response.output[0].content[0].text.trim(), "You said: aside");
    visit.close();
  },
  async reconnect() {
    const first = await Visit.open();
    first.session.sendMessage("remember me");
    await until("an answer", () => first.words("assistant").some((words) => words.includes("remember me")));
    // The client replays spoken answers as text only.
    const spoken = (part) => (part.type === "output_audio" ? { type: "output_text", text: part.transcript ?? "" } : part);
    const history = first.session.history.map((item) => (item.role === "assistant" ? { ...item, content: item.content.map(spoken) } : item));
    first.close();
    const second = await Visit.open();
    second.session.updateHistory(history.filter((item) => item.type === "message"));
    await until("the old words", () => second.words("user").includes("remember me"));
    second.session.sendMessage("and again");
    await until("a new answer", () => second.words("assistant").some((words) => words.includes("and again")));
    second.close();
  },
};

async function real_turn() {
  const visit = await Visit.open();
  await visit.say(question());
  await until("the user's words", () => visit.words("user").some((words) => words.includes(process.env.PARLEY_EXPECTED)));
  await until("an answer", () => visit.sound > rate && visit.words("assistant").some((words) => words !== ""));
  visit.close();
}

for (const [name, scenario] of Object.entries(process.env.PARLEY_QUESTION ? { real_turn } : scenarios)) {
  await scenario();
  console.log("ok  ", name);
}
process.exit(0);
