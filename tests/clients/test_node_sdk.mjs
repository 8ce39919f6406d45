// The official openai package for Node talks to a running `parley serve`: chat, embeddings, speech, transcription.
//
//   PARLEY_URL=http://127.0.0.1:8080 PARLEY_NODE_PACKAGES=FOLDER node tests/clients/test_node_sdk.mjs speech.wav
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.PARLEY_NODE_PACKAGES}/package.json`);
const { default: OpenAI, toFile } = await import(pathToFileURL(require.resolve("openai")).href).then((m) => (m.toFile ? m : m.default));
const client = new OpenAI({ baseURL: `${process.env.PARLEY_URL ?? "http://127.0.0.1:8080"}/v1`, apiKey: process.env.PARLEY_KEY ?? "none-needed", maxRetries: 0 });

async function check(what, work) {
  await work();
  console.log(`ok: ${what}`);
}

await check("chat streams", async () => {
  const messages = [{ role: "user", content: "中国的首都是哪座城市？" }];
  const stream = await client.chat.completions.create({ model: "default", messages, temperature: 0, max_tokens: 30, stream: true, stream_options: { include_usage: true } });
  let text = "";
  let usage;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.match(text, /北京/);
  assert.ok(usage.completion_tokens > 0);
});

await check("a stream that is given up ends", async () => {
  const stream = await client.chat.completions.create({ model: "default", messages: [{ role: "user", content: "Count to one hundred in words." }], stream: true });
  for await (const chunk of stream) {
    if (chunk.choices.length) break;
  }
});

await check("embeddings", async () => {
  const answer = await client.embeddings.create({ model: "default", input: ["苹果", "apple", "interest rate"] });
  const [zh, en, rate] = answer.data.map((each) => each.embedding);
  const near = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  assert.equal(zh.length, 384);
  assert.ok(near(zh, en) > near(zh, rate));
});

await check("speech is heard again", async () => {
  const spoken = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input: "The weather is nice today.", response_format: "mp3" });
  const file = await toFile(Buffer.from(await spoken.arrayBuffer()), "speech.mp3");
  const heard = await client.audio.transcriptions.create({ model: "whisper-1", file });
  assert.match(heard.text, /weather/i);
});

await check("a transcription streams", async () => {
  const stream = await client.audio.transcriptions.create({ model: "default", file: fs.createReadStream(process.argv[2]), stream: true });
  let text = "";
  let last;
  for await (const event of stream) {
    if (event.type === "transcript.text.delta") text += event.delta;
    last = event;
  }
  assert.equal(last.type, "transcript.text.done");
  assert.equal(text, last.text);
  assert.match(text, /country/);
});

await check("a mistake names its field", async () => {
  await assert.rejects(client.embeddings.create({ model: "default", input: "a", dimensions: 3 }), (error) => error.status === 400 && error.param === "dimensions");
});
