// The voices: choose one, hear it, or mix two. A preview is a short call of its own that says one sentence.
import type { Role, Voice } from "./api";
import { Connection } from "./connection";
import { byId, make } from "./elements";
import { Player } from "./player";
import { t } from "./words";

export class VoicesView {
  private readonly select = byId<HTMLSelectElement>("voice");
  private readonly first = byId<HTMLSelectElement>("mix-a");
  private readonly second = byId<HTMLSelectElement>("mix-b");
  private readonly weight = byId<HTMLInputElement>("mix-weight");
  private voices: Voice[] = [];
  private role: Role | undefined;
  private preview: { connection: Connection; player: Player } | undefined;
  private mixes: string[] = [];

  constructor(private readonly onChoice: (voice: string) => void) {
    this.select.onchange = () => this.onChoice(this.select.value);
    this.weight.oninput = () => this.showShare();
    byId("preview").onclick = () => void this.listen(this.select.value || this.ownVoice(), byId<HTMLButtonElement>("preview"));
    byId("mix-listen").onclick = () => void this.listen(this.mix(), byId<HTMLButtonElement>("mix-listen"));
    byId("mix-use").onclick = () => {
      const mix = this.mix();
      if (!this.mixes.includes(mix)) this.mixes.push(mix);
      this.show(this.voices, this.role);
      this.select.value = mix;
      this.onChoice(mix);
    };
  }

  /** Empty: the role's own. */
  get chosen(): string {
    return this.select.value;
  }

  show(voices: Voice[], role: Role | undefined): void {
    const before = this.role?.id === role?.id ? this.select.value : "";
    this.voices = voices.filter((voice) => voice.languages.some((language) => language === "zh" || language === "en"));
    this.role = role;
    this.select.replaceChildren(new Option(t("voice_own", { role: role?.name ?? "", voice: plain(this.ownVoice()) }), ""));
    for (const language of ["zh", "en"] as const) this.select.append(this.group(language, this.voices));
    for (const mix of this.mixes) this.select.append(new Option(plain(mix), mix));
    this.select.value = before;
    if (this.select.selectedIndex < 0) this.select.value = "";
    this.showMixer();
  }

  private showMixer(): void {
    const mixable = this.voices.filter((voice) => voice.name.startsWith("kokoro:"));
    byId("mixer").hidden = mixable.length < 2;
    for (const [select, standard] of [[this.first, 0], [this.second, 1]] as const) {
      const before = select.value;
      select.replaceChildren(...(["zh", "en"] as const).map((language) => this.group(language, mixable)));
      select.value = before || (mixable[standard]?.name ?? "");
    }
    this.showShare();
  }

  private group(language: "zh" | "en", voices: Voice[]): HTMLOptGroupElement {
    const group = make("optgroup");
    group.label = t(`voice_${language}`);
    const own = voices.filter((voice) => voice.languages[0] === language);
    group.append(...own.map((voice) => new Option(plain(voice.name), voice.name)));
    return group;
  }

  private showShare(): void {
    const a = Number(this.weight.value);
    byId("mix-share").textContent = t("mix_share", { a, b: 100 - a });
  }

  private ownVoice(): string {
    return (this.role && this.role.voices[this.role.language]) ?? "";
  }

  private mix(): string {
    const a = Number(this.weight.value);
    const second = this.second.value.split(":")[1] ?? "";
    return `${this.first.value}*${a / 100}+${second}*${(100 - a) / 100}`;
  }

  private languageOf(voice: string): "zh" | "en" {
    const name = voice.split("*")[0];
    const language = this.voices.find((one) => one.name === name)?.languages[0];
    return language === "en" ? "en" : "zh";
  }

  private async listen(voice: string, button: HTMLButtonElement): Promise<void> {
    this.stop();
    if (!this.role) return;
    const language = this.languageOf(voice);
    button.textContent = t("listening_to");
    const player = await Player.open();
    const connection: Connection = new Connection(this.role.id, {
      opened: () => {
        const session: Record<string, unknown> = { type: "realtime" };
        if (voice) session.audio = { output: { voice } };
        connection.send({ type: "session.update", session });
        connection.send({
          type: "response.create",
          response: { conversation: "none", parley: { say: t(language === "zh" ? "sample_zh" : "sample_en") } },
        });
      },
      event: (event) => {
        if (event.type === "response.output_audio.delta") player.play(event.item_id ?? "", event.delta ?? "");
        if (event.type === "response.done") connection.close();
        if (event.type === "error") this.stop();
      },
      trouble: () => this.stop(),
    });
    player.onProgress = (_played, playing) => {
      if (playing) button.textContent = t("listen");
    };
    this.preview = { connection, player };
  }

  private stop(): void {
    byId("preview").textContent = byId("mix-listen").textContent = t("listen");
    this.preview?.connection.close();
    void this.preview?.player.close();
    this.preview = undefined;
  }
}

/** "kokoro:zf_xiaoxiao*0.6+zm_yunxi*0.4" as a person reads it. */
function plain(voice: string): string {
  return voice.replace(/^\w+:/, "").replaceAll("*", " × ").replaceAll("+", " + ");
}
