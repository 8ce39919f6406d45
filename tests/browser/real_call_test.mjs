// The page in a real browser, in front of the real program and its models: a spoken question in Chinese is read and answered aloud.
//
//   PARLEY=build/release/parley node --test tests/browser/real_call_test.mjs
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Server, Visit, parley, writeRecording } from "./browser.mjs";

const patience = 60000;

test("一通真实的电话：模型听懂问题，出声回答", async () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-real-call-"));
  const question = join(folder, "question.wav"), speech = join(folder, "speech.wav");
  execFileSync(parley, ["speak", "请问北京在哪里？", "--voice", "kokoro:zm_yunyang", "--out", question]);
  writeRecording(speech, question, 8000, 30000);
  const server = await Server.startReal();
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
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
