// What the page says, in the two languages it is at home in. `{name}` is filled in.

export type Language = "zh" | "en";

const table = {
  page_language: ["页面语言", "Page language"],
  conversation: ["对话", "Conversation"],
  words: ["双方说的话", "What both sides say"],
  level: ["麦克风音量", "Microphone level"],
  call: ["开始通话", "Start a call"],
  hang_up: ["挂断", "Hang up"],
  mute: ["静音", "Mute"],
  unmute: ["取消静音", "Unmute"],
  interrupt: ["打断", "Interrupt"],
  send: ["发送", "Send"],
  type_label: ["文字输入", "Type instead of speaking"],
  type_here: ["也可以打字……", "You can type as well…"],
  role: ["角色", "Role"],
  edit: ["编辑", "Edit"],
  new_role: ["新建", "New"],
  voice: ["声音", "Voice"],
  voice_own: ["{role}自己的声音（{voice}）", "{role}’s own voice ({voice})"],
  voice_zh: ["中文", "Chinese"],
  voice_en: ["英文", "English"],
  listen: ["试听", "Listen"],
  listening_to: ["准备中……", "One moment…"],
  mixer: ["调出新的声音", "Mix a voice"],
  mix_first: ["第一种", "First"],
  mix_second: ["第二种", "Second"],
  mix_share: ["第一种 {a}% · 第二种 {b}%", "First {a}% · second {b}%"],
  use_voice: ["使用这个声音", "Use this voice"],
  sample_zh: ["你好，这就是我的声音，很高兴认识你。", "你好，这就是我的声音，很高兴认识你。"],
  sample_en: ["Hello, this is my voice. It is a pleasure to meet you.", "Hello, this is my voice. It is a pleasure to meet you."],
  turns: ["每一轮用了多久", "What every turn took"],
  turns_empty: ["说完一句话后，这里会显示每一步的耗时。", "Once you have said something, every step of the answer shows here."],
  turn_n: ["第 {n} 轮", "Turn {n}"],
  wait: ["等待 {ms} 毫秒", "{ms} ms of waiting"],
  stage_pause: ["发现停顿", "Pause noticed"],
  stage_transcript: ["转成文字", "Words"],
  stage_end: ["判定说完", "End of turn"],
  stage_token: ["开始思考", "First thought"],
  stage_sample: ["开始发声", "First sound"],
  stage_byte: ["送出", "Handed over"],
  ms: ["毫秒", "ms"],
  stage_name: ["步骤", "Step"],
  log: ["通话记录", "The call’s log"],
  log_hint: ["只留在这个页面里：全部事件与双方的声音，可下载，也可重放。", "It stays in this page: every event and both sides’ sound, to download and to replay."],
  download: ["下载", "Download"],
  replay: ["重放……", "Replay…"],
  replay_stop: ["停止重放", "Stop the replay"],
  replaying: ["正在重放 {when} 的通话", "Replaying the call of {when}"],
  replay_bad: ["这个文件不是通话记录。", "This file is no call log."],
  you: ["你", "You"],
  sources: ["依据（{n}）", "Sources ({n})"],
  show_source: ["查看依据 {n}", "Show source {n}"],
  page_n: ["第 {n} 页", "page {n}"],
  characters: ["第 {from}–{to} 字", "characters {from}–{to}"],
  not_supported: ["资料中没有依据", "The sources do not bear this out"],
  not_heard: ["（没有听到的部分）", "(not heard)"],
  no_words: ["（没听清）", "(not understood)"],
  answer_failed: ["回答失败：{why}", "The answer failed: {why}"],
  empty_talk: ["点一下上面的按钮，直接说话。想插话，随时开口。", "Press the button and speak. To interrupt, just talk."],
  phase_idle: ["与{role}通话", "Talk with {role}"],
  phase_connecting: ["正在接通……", "Connecting…"],
  phase_listening: ["在听，请说", "Listening"],
  phase_hearing: ["听到你在说话", "Hearing you"],
  phase_thinking: ["在想……", "Thinking…"],
  phase_speaking: ["{role}在说话", "{role} is speaking"],
  phase_reconnecting: ["连接断了，正在重连……", "The line is broken, reconnecting…"],
  phase_replay: ["重放", "Replay"],
  no_microphone: ["没有找到麦克风。可以先打字，插上麦克风后重新拨打。", "No microphone was found. You can type; plug one in and call again to speak."],
  no_permission: ["浏览器不允许使用麦克风。请在地址栏的网站设置里允许，然后重新拨打；现在可以打字。", "The browser does not allow the microphone. Allow it in the site settings of the address bar and call again; you can type now."],
  microphone_busy: ["麦克风打不开，可能正被别的程序占用。现在可以打字。", "The microphone cannot be opened; another program may be using it. You can type now."],
  insecure: ["这个地址不安全，浏览器不提供麦克风：请用 https 或本机地址打开。现在可以打字。", "This address is not secure, so the browser offers no microphone: use https or this machine’s own address. You can type now."],
  microphone_lost: ["麦克风被拔掉了。", "The microphone was unplugged."],
  server_gone: ["连不上服务器。{s} 秒后再试……", "The server cannot be reached. Trying again in {s} s…"],
  server_starting: ["服务器还在加载模型，好了会自动接通。", "The server is still loading its models; the call begins as soon as it is ready."],
  server_full: ["线路全忙，{s} 秒后再试……", "All lines are taken. Trying again in {s} s…"],
  server_back: ["已重新接通，对话接着来。", "Connected again; the conversation goes on."],
  session_over: ["通话到了最长时间，已重新接通。", "The call reached its longest time and was connected anew."],
  server_says: ["服务器：{message}", "The server says: {message}"],
  try_now: ["现在就试", "Try now"],
  dismiss: ["知道了", "Dismiss"],
  editor: ["编辑角色", "Edit the role"],
  field_id: ["标识（文件名）", "Id (the file’s name)"],
  field_name: ["名字", "Name"],
  field_language: ["语言", "Language"],
  field_eagerness: ["接话快慢", "How soon it answers"],
  eager_auto: ["自动", "Automatic"],
  eager_low: ["慢，让人说完", "Patient"],
  eager_medium: ["适中", "Medium"],
  eager_high: ["快", "Quick"],
  field_personality: ["性格：是谁、怎么说话", "Personality: who it is and how it talks"],
  field_greeting: ["开场白（可空）", "Greeting (may be empty)"],
  field_voice_zh: ["中文声音", "Voice for Chinese"],
  field_voice_en: ["英文声音", "Voice for English"],
  field_speed: ["语速", "Pace"],
  cancel: ["取消", "Cancel"],
  save: ["保存", "Save"],
  saved: ["已保存，下一通电话生效。", "Saved; the next call has it."],
  key_title: ["需要密钥", "A key is needed"],
  key_hint: ["这台服务器要密钥。密钥只留在这个标签页里。", "This server wants an API key. It stays in this tab only."],
  key: ["密钥", "API key"],
  key_wrong: ["密钥不对。", "This key is not known."],
} satisfies Record<string, [string, string]>;

export type Word = keyof typeof table;

let language: Language = preferred();

function preferred(): Language {
  const stored = localStorage.getItem("parley-language");
  if (stored === "zh" || stored === "en") return stored;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export function currentLanguage(): Language {
  return language;
}

export function setLanguage(next: Language): void {
  language = next;
  localStorage.setItem("parley-language", next);
}

export function t(word: Word, values: Record<string, string | number> = {}): string {
  const text = table[word][language === "zh" ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Fills every element that names its words: data-t its text, data-label its spoken name, data-placeholder. */
export function translate(root: ParentNode = document): void {
  document.documentElement.lang = language;
  for (const element of root.querySelectorAll<HTMLElement>("[data-t]")) element.textContent = t(element.dataset.t as Word);
  for (const element of root.querySelectorAll<HTMLElement>("[data-label]")) {
    element.setAttribute("aria-label", t(element.dataset.label as Word));
  }
  for (const element of root.querySelectorAll<HTMLInputElement>("[data-placeholder]")) {
    element.placeholder = t(element.dataset.placeholder as Word);
  }
}
