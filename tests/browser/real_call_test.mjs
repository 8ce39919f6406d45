// The page in a real browser, in front of the real program and its models: a spoken question in Chinese is read and answered aloud,
// by this machine's models directly and over Volcengine's protocols.
//
//   PARLEY=build/release/parley node --test tests/browser/real_call_test.mjs
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Server, Visit, parley, root, writeRecording } from "./browser.mjs";

const patience = 60000;
let folder, speech;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-real-call-"));
  speech = join(folder, "speech.wav");
  const question = join(folder, "question.wav");
  execFileSync(parley, ["speak", "请问北京在哪里？", "--voice", "kokoro:zm_yunyang", "--out", question]);
  writeRecording(speech, question, 8000, 30000);
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function call(server) {
  const visit = await Visit.open(server.url, { speech });
  try {
    const { page } = visit;
    await page.getByRole("button", { name: "开始通话" }).click();
    await visit.read(".line.assistant", "我是小禾", patience);
    await visit.read(".line.user", "北京", patience);
    await visit.until(() => document.querySelectorAll(".line.assistant").length === 2, patience);
    await page.evaluate(() => (window.loudest = 0));
    await visit.until(() => window.loudest > 0.05, patience);
    await visit.read("#turns .total", "毫秒", patience);
    await page.getByRole("button", { name: "挂断" }).click();
  } finally {
    await visit.close();
  }
}

test("一通真实的电话：模型听懂问题，出声回答", async () => {
  const server = await Server.startReal();
  try {
    await call(server);
  } finally {
    await server.stop();
  }
});

test("同样的电话，走火山引擎的协议", async () => {
  const services = await Server.run(parley, ["simulate", "volcengine", "--port", "0"]);
  let server;
  try {
    const config = join(folder, "parley.yaml");
    const shipped = readFileSync(join(root, "config/volcengine-simulated.yaml"), "utf8");
    writeFileSync(config, shipped.replaceAll("127.0.0.1:8091", new URL(services.url).host));
    Object.assign(process.env, { VOLC_API_KEY: "simulated", ARK_API_KEY: "simulated" });
    server = await Server.startReal("--config", config);
    await call(server);
  } finally {
    await server?.stop();
    await services.stop();
  }
});
