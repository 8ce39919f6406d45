// The page in a real browser: a call is held, read, heard and interrupted; the role changes; the server goes away and comes back.
//
//   CARDBOARD=build/release/tests/cardboard_serve node --test tests/browser/page_test.mjs
//   PARLEY_SCREENSHOTS=docs/pictures … also writes the pictures of the documentation
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Server, Visit, root } from "./browser.mjs";

const weather = 300, story = 400, storyInEnglish = 530, weatherInParis = 700, stop = 930;
const pictures = process.env.PARLEY_SCREENSHOTS;

async function picture(visit, name) {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await visit.page.screenshot({ path: join(pictures, `${name}.png`) });
}

/** A server and a visitor for one test; both are gone afterwards, whatever happens. */
async function visiting(options, serverOptions, body) {
  const server = await Server.start(...serverOptions);
  const visit = await Visit.open(server.url, options);
  let failed = true;
  try {
    await body(visit, server);
    failed = false;
  } catch (error) {
    const text = await visit.page.locator("body").innerText().catch(() => "");
    error.message += `\nthe page says:\n${text}`;
    throw error;
  } finally {
    if (failed) visit.complaints.length = 0;
    await visit.close();
    await server.stop();
  }
}

const lastLine = (who) => `.line.${who} >> nth=-1`;

test("一通中文电话：听得懂，看得见，有声音，能打断", async () => {
  const speech = [[4500, 0], [1200, weather], [5500, 0], [1200, story], [3500, 0], [1300, stop], [8000, 0]];
  await visiting({ speech }, [], async (visit) => {
    const { page } = visit;
    await picture(visit, "page-zh");
    await page.getByRole("button", { name: "开始通话" }).click();
    await visit.read(".line.assistant", "我是小禾");
    await visit.read(".line.user", "你好，今天天气怎么样？");
    await visit.read(".line.assistant", "你说的是：“你好，今天天气怎么样？”。");
    await visit.until(() => window.loudness > 0.05);
    await visit.read("#turns", "发现停顿");
    await visit.read("#turns .total", "毫秒");

    await visit.read(".line.user", "请讲一个很长的故事。");
    await visit.until(() => document.querySelector("#stage").dataset.phase === "speaking");
    await page.locator(".line.assistant s").waitFor({ timeout: 15000 });
    await visit.until(() => window.loudness === 0);
    const heard = await page.locator(".line.assistant", { has: page.locator("s") }).locator(".what").evaluate((what) => what.firstChild.textContent);
    assert.match(heard, /^你说的是/, "the begin of the story was heard");
    await visit.read(".line.user", "等一下，停。");
    await visit.read(lastLine("assistant"), "等一下，停。");
    await picture(visit, "call-zh");

    await page.locator("#text").fill("打字也可以吗？");
    await page.getByRole("button", { name: "发送" }).click();
    await visit.read(lastLine("assistant"), "你说的是：“打字也可以吗？”。");

    await page.getByRole("button", { name: "静音", exact: true }).click();
    await visit.until(() => document.querySelector("#meter").getAttribute("aria-valuenow") === "0");
    await page.getByRole("button", { name: "挂断" }).click();
    await visit.read("#phase", "与小禾通话");
    await visit.read(".line.user", "请讲一个很长的故事。");

    // The log is downloaded and replayed: the words and the struck-through part come again.
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "下载" }).click()]);
    const file = join(visit.folder, "log.jsonl");
    await download.saveAs(file);
    const lines = readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line));
    assert.equal(lines[0].log, "parley-call");
    assert.ok(lines.some((line) => line.event?.type === "input_audio_buffer.append"));
    await page.reload();
    await page.locator("#replay").setInputFiles(file);
    await visit.read("#notice-text", "正在重放");
    await visit.read(".line.user", "你好，今天天气怎么样？");
    await visit.until(() => window.loudest > 0.05);
    await page.getByRole("button", { name: "停止重放" }).click();
    await page.locator("#replay").setInputFiles({ name: "x.jsonl", mimeType: "text/plain", buffer: Buffer.from("no log") });
    await visit.read("#notice-text", "不是通话记录");
  });
});

test("an English call on a phone in the dark, with another role and voice", async () => {
  const speech = [[4500, 0], [1200, weatherInParis], [8000, 0], [1200, storyInEnglish], [20000, 0]];
  await visiting({ speech, language: "en-GB", width: 390, height: 844, dark: true }, [], async (visit) => {
    const { page } = visit;
    await picture(visit, "page-en-phone");
    await page.locator("label.role", { hasText: "Joe" }).click();
    await page.getByRole("button", { name: "Start a call" }).click();
    await visit.read(".line.assistant", "Hi, this is Joe.");
    await visit.read(".line.user", "What is the weather in Paris?");
    await visit.read(".line.assistant", "You said: What is the weather in Paris?");
    await picture(visit, "call-en-phone");
    await page.locator("label.role", { hasText: "Emma" }).click();
    await visit.read(lastLine("assistant"), "I'm Emma.");
    await visit.read(lastLine("user"), "Tell me a long story.");
    await visit.until(() => document.querySelector("#stage").dataset.phase === "speaking");
    await page.keyboard.press("Escape");
    await page.locator(".line.assistant s").waitFor();
    await visit.until(() => window.loudness === 0);
    await page.selectOption("#voice", "kokoro:af_heart");
    await page.getByRole("button", { name: "Hang up" }).click();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(overflow, false, "the page is wider than the phone");
  });
});

for (const { name, options, start, role, asked, answered } of [
  {
    name: "一通手机上的中文电话",
    options: { speech: [[4500, 0], [1200, weather], [20000, 0]], width: 390, height: 844 },
    start: "开始通话", role: "小禾", asked: "你好，今天天气怎么样？", answered: "你说的是：“你好，今天天气怎么样？”。",
  },
  {
    name: "an English call on a desktop",
    options: { speech: [[4500, 0], [1200, weatherInParis], [20000, 0]], language: "en-GB" },
    start: "Start a call", role: "Joe", asked: "What is the weather in Paris?", answered: "You said: What is the weather in Paris?",
  },
]) {
  test(name, async () => {
    await visiting(options, [], async (visit) => {
      const { page } = visit;
      await page.locator("label.role", { hasText: role }).click();
      await page.getByRole("button", { name: start }).click();
      await visit.read(".line.user", asked);
      await visit.read(lastLine("assistant"), answered);
      await visit.until(() => window.loudest > 0.05);
      await visit.read("#turns .total", /\d/);
      await picture(visit, options.width ? "call-zh-phone" : "call-en");
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.equal(overflow, false, "the page is wider than the window");
    });
  });
}

test("the page weighs less than 300 kB and needs nothing from elsewhere", async () => {
  await visiting({}, [], async (visit, server) => {
    const files = await visit.page.evaluate(() => performance.getEntriesByType("resource").map((entry) => entry.name));
    let weight = 0;
    for (const file of [server.url, ...files]) {
      assert.ok(file.startsWith(server.url), file);
      const answer = await fetch(file, { headers: { "Accept-Encoding": "gzip" } });
      weight += Number(answer.headers.get("content-length"));
    }
    console.log(`      the page: ${files.length + 1} files, ${(weight / 1000).toFixed(1)} kB as they are sent`);
    assert.ok(weight > 1000 && weight < 300_000, `${weight} bytes`);
  });
});

test("the server goes away and comes back; the conversation goes on", async () => {
  await visiting({ speech: [[1000, 0]], language: "en-GB" }, [], async (visit, server) => {
    const { page } = visit;
    const port = new URL(server.url).port;
    await page.getByRole("button", { name: "Start a call" }).click();
    await visit.read(".line.assistant", "我是小禾");
    await page.locator("#text").fill("remember this");
    await page.getByRole("button", { name: "Send" }).click();
    await visit.read(lastLine("assistant"), "You said: remember this");
    await server.stop();
    await visit.read("#notice-text", "The server cannot be reached.");
    await visit.read("#phase", "reconnecting");
    const again = await Server.start("--port", port);
    try {
      await visit.read("#notice-text", "Connected again", 20000);
      await page.locator("#text").fill("and this");
      await page.getByRole("button", { name: "Send" }).click();
      await visit.read(lastLine("assistant"), "You said: and this");
      assert.equal(await page.locator(".line.user").count(), 2);
    } finally {
      await page.getByRole("button", { name: "Hang up" }).click();
      await again.stop();
    }
  });
});

test("a role is edited, refused with its reason, and saved; voices are heard and mixed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-roles-"));
  cpSync(join(root, "roles"), folder, { recursive: true });
  try {
    await visiting({ speech: [[1000, 0]] }, ["--roles", folder], async (visit) => {
      const { page } = visit;
      await page.locator("label.role", { hasText: "老张" }).click();
      await page.getByRole("button", { name: "编辑" }).click();
      const dialog = page.getByRole("dialog");
      assert.equal(await dialog.getByLabel("名字").inputValue(), "老张");
      await dialog.getByLabel("开场白").fill("来啦您，快请坐。");
      await picture(visit, "role-zh");
      await dialog.getByRole("button", { name: "保存" }).click();
      await visit.read("#notice-text", "已保存");
      const yaml = readFileSync(join(folder, "laozhang.yaml"), "utf8");
      assert.match(yaml, /来啦您，快请坐。/);
      assert.match(yaml, /max_tokens: 140/, "what the editor does not show stays");
      assert.match(yaml, /^# 爱讲故事/, "the comment at the head stays");
      await page.getByRole("button", { name: "新建" }).click();
      await dialog.getByLabel("标识").fill("xinren");
      await dialog.getByLabel("名字").fill("新人");
      await dialog.getByLabel("性格").fill("你是新来的。");
      await dialog.getByRole("button", { name: "保存" }).click();
      await page.locator("label.role", { hasText: "新人" }).waitFor();

      await page.selectOption("#voice", "kokoro:zm_yunxi");
      await page.locator("#preview").click();
      await visit.until(() => window.loudest > 0.05);
      await page.getByText("调出新的声音").click();
      await page.locator("#mix-weight").fill("70");
      await page.evaluate(() => (window.loudest = 0));
      await page.locator("#mix-listen").click();
      await visit.until(() => window.loudest > 0.05);
      await page.locator("#mix-use").click();
      assert.match(await page.locator("#voice").inputValue(), /^kokoro:\w+\*0\.7\+\w+\*0\.3$/);
      await picture(visit, "voices-zh");
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a server with a key: the page asks for it and calls with an ephemeral one", async () => {
  await visiting({ speech: [[1000, 0]], language: "en-GB" }, ["--key", "sk-test"], async (visit) => {
    const { page } = visit;
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("API key").fill("wrong");
    await dialog.getByRole("button", { name: "Save" }).click();
    await visit.until(() => document.querySelector("#key-dialog").open && document.querySelector("#key").value === "");
    await dialog.getByLabel("API key").fill("sk-test");
    await dialog.getByRole("button", { name: "Save" }).click();
    const [socket] = await Promise.all([page.waitForEvent("websocket"), page.getByRole("button", { name: "Start a call" }).click()]);
    assert.ok(!socket.url().includes("sk-test"));
    await visit.read(".line.assistant", "我是小禾");
  });
});

test("no microphone and no permission are said, and typing still works", async () => {
  for (const [options, words] of [[{}, "No microphone was found."], [{ speech: [[1000, 0]], deny: true }, "does not allow the microphone"]]) {
    await visiting({ ...options, language: "en-GB" }, [], async (visit) => {
      const { page } = visit;
      await page.getByRole("button", { name: "Start a call" }).click();
      await visit.read("#notice-text", words);
      await page.locator("#text").fill("hello there");
      await page.getByRole("button", { name: "Send" }).click();
      await visit.read(lastLine("assistant"), "You said: hello there");
      assert.equal(await page.getByRole("button", { name: "Mute" }).isDisabled(), true);
    });
  }
});

test("an answer from knowledge: the citation leads to its passage, and what nothing bears out is underlined", async () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-knowledge-"));
  const roles = join(folder, "roles");
  mkdirSync(roles);
  const role = "name: 小店\nlanguage: zh\npersonality: 你是一家小店的客服。\nknowledge: shop\n";
  writeFileSync(join(roles, "xiaohe.yaml"), role);
  try {
    await visiting({ speech: [[1000, 0]] }, ["--roles", roles, "--home", folder], async (visit, server) => {
      const { page } = visit;
      const document = { base: "shop", path: "faq.md", title: "售后", text: "退货期是七天。运费由小店承担。" };
      const added = await fetch(`${server.url}/v1/knowledge/documents`, { method: "POST", body: JSON.stringify(document) });
      assert.equal((await added.json()).fate, "added");
      await page.getByRole("button", { name: "开始通话" }).click();
      await page.locator("#text").fill("退货期是几天？");
      await page.getByRole("button", { name: "发送" }).click();
      await visit.read(lastLine("assistant"), "退货期是七天。[1]另外还送99个杯子。");
      await visit.read(".doubt", "另外还送99个杯子。");
      assert.equal(await page.locator(".sources li").isVisible(), false);
      await page.getByRole("button", { name: "[1]" }).click();
      await visit.read(".sources li", "[1] · 售后 · 第 0–15 字");
      await visit.read(".sources li mark", "退货期是七天。");
      await picture(visit, "citation-zh");
      const stock = await fetch(`${server.url}/v1/knowledge/search`, { method: "POST", body: JSON.stringify({ base: "shop", query: "天气" }) });
      assert.deepEqual((await stock.json()).data, []);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the page works by keyboard alone and every control has a name", async () => {
  await visiting({ speech: [[1000, 0]], language: "en-GB" }, [], async (visit) => {
    const { page } = visit;
    await visit.read("#phase", "Talk with");
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll("button, input, select, textarea")]
        .filter((element) => !element.closest("dialog") || element.closest("dialog[open]"))
        .filter((element) => !element.hidden && !element.closest("[hidden]"))
        .filter((element) => !(element.textContent.trim() || element.labels?.length || element.ariaLabel))
        .map((element) => element.outerHTML),
    );
    assert.deepEqual(nameless, []);
    for (let i = 0; i < 4; i++) {
      if ((await page.evaluate(() => document.activeElement?.id)) === "call") break;
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
    await visit.read(".line.assistant", "我是小禾");
    await page.keyboard.press("m");
    await page.getByRole("button", { name: "Unmute" }).waitFor();
    await page.locator("#to-zh").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "取消静音" }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "zh");
    await picture(visit, "call-typed-zh");
  });
});
