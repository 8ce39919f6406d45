// The page: one call at a time, its words, its turns, and who answers with which voice.
import { fetchRoles, fetchVoices, Refusal, setKey, type Role, type Voice } from "./api";
import { Call } from "./call";
import { byId } from "./elements";
import { LinesView } from "./lines_view";
import { Replay } from "./replay";
import { RolesView } from "./roles_view";
import { TurnsView } from "./turns_view";
import { VoicesView } from "./voices_view";
import { currentLanguage, setLanguage, t, translate, type Language, type Word } from "./words";

class Page {
  private call: Call | undefined;
  private replay: Replay | undefined;
  private lastCall: Call | undefined; // its words and log stay until the next
  private role: Role | undefined;
  private voices: Voice[] = [];
  private redraw = false;
  private noticeTimer = 0;
  private noticed: { word: Word; values: Record<string, string | number>; retry: boolean } | undefined;
  private readonly lines = new LinesView();
  private readonly turns = new TurnsView();
  private readonly rolesView = new RolesView(
    (role) => this.choose(role),
    async (id) => {
      this.rolesView.chosen = id;
      await this.load();
      this.notice("saved");
    },
  );
  private readonly voicesView = new VoicesView((voice) => this.call?.setVoice(voice));

  constructor() {
    byId("call").onclick = () => (this.call ? this.hangUp() : this.begin());
    byId("mute").onclick = () => this.call?.setMuted(!this.call.muted);
    byId("interrupt").onclick = () => this.call?.interrupt();
    byId("typed").onsubmit = (event) => this.type(event);
    byId("download").onclick = () => this.lastCall?.log.download();
    byId("replay").onchange = () => void this.startReplay();
    byId("replay-label").onkeydown = (event) => {
      if (event.key === "Enter" || event.key === " ") byId("replay").click();
    };
    byId("replay-stop").onclick = () => this.stopReplay();
    byId("notice-action").onclick = () => this.noticeAction();
    byId("key-form").onsubmit = () => this.takeKey();
    for (const language of ["zh", "en"] as Language[]) {
      byId(`to-${language}`).onclick = () => {
        setLanguage(language);
        this.translate();
      };
    }
    document.onkeydown = (event) => this.onKey(event);
    this.translate();
    void this.load();
  }

  /** Roles and voices; tried until somebody answers. */
  private async load(): Promise<void> {
    try {
      const { data, standard } = await fetchRoles();
      this.rolesView.show(data, standard);
      this.role = this.rolesView.role();
      this.update();
      this.voices = await fetchVoices();
      this.rolesView.showVoices(this.voices);
      this.voicesView.show(this.voices, this.role);
      if (this.noticed?.retry && !this.call) this.clearNotice();
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) return this.askForKey();
      if (!(error instanceof Refusal)) throw error;
      if (!this.call) this.notice(error.status === 503 ? "server_starting" : "server_gone", { s: error.retryAfter }, true);
      window.setTimeout(() => void this.load(), error.retryAfter * 1000);
    }
    this.update();
  }

  private translate(): void {
    translate();
    byId("to-zh").ariaPressed = String(currentLanguage() === "zh");
    byId("to-en").ariaPressed = String(currentLanguage() === "en");
    this.voicesView.show(this.voices, this.role);
    if (this.noticed) this.notice(this.noticed.word, this.noticed.values, this.noticed.retry);
    this.update();
  }

  private choose(role: Role): void {
    this.role = role;
    this.voicesView.show(this.voices, role);
    this.call?.changeRole(role, this.voicesView.chosen);
    this.update();
  }

  private begin(): void {
    if (!this.role) return;
    this.stopReplay();
    this.clearNotice();
    this.call = this.lastCall = new Call(this.role, this.voicesView.chosen, {
      changed: () => this.update(),
      levels: (you, them) => this.showLevels(you, them),
      notice: (word, values, retry) => this.notice(word, values, retry),
      keyNeeded: () => {
        this.hangUp();
        this.askForKey();
      },
    });
    this.update();
  }

  private hangUp(): void {
    this.call?.hangUp();
    this.call = undefined;
    this.showLevels(0, 0);
    if (this.noticed?.retry) this.clearNotice();
    this.update();
  }

  private type(event: Event): void {
    event.preventDefault();
    const input = byId<HTMLInputElement>("text");
    const text = input.value.trim();
    if (text === "" || !this.call?.connected) return;
    this.call.type(text);
    input.value = "";
  }

  private onKey(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (!this.call || event.ctrlKey || event.metaKey || event.altKey || target.closest("dialog")) return;
    if (event.key === "Escape") this.call.interrupt();
    const writing = target.closest("input:not([type=radio], [type=range]), textarea, select");
    if (event.key === "m" && !writing) this.call.setMuted(!this.call.muted);
  }

  private async startReplay(): Promise<void> {
    const input = byId<HTMLInputElement>("replay");
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    this.hangUp();
    this.stopReplay();
    try {
      this.replay = await Replay.open(await file.text(), () => this.update());
      this.notice("replaying", { when: this.replay.began.toLocaleString(currentLanguage()) });
    } catch {
      this.notice("replay_bad");
    }
    this.update();
  }

  private stopReplay(): void {
    this.replay?.stop();
    this.replay = undefined;
    if (this.noticed?.word === "replaying") this.clearNotice();
    this.update();
  }

  // ---- notices -----------------------------------------------------------------------------------------------------

  private notice(word: Word, values: Record<string, string | number> = {}, retry = false): void {
    clearTimeout(this.noticeTimer);
    const fresh = this.noticed?.word !== word;
    this.noticed = { word, values, retry };
    const good = word === "server_back" || word === "saved" || word === "replaying" || word === "session_over";
    const text = byId("notice-text");
    // A countdown is shown but not read aloud every second.
    byId("notice").setAttribute("aria-live", fresh ? "assertive" : "off");
    byId("notice").hidden = false;
    byId("notice").classList.toggle("good", good);
    text.textContent = t(word, values);
    const action = byId("notice-action");
    action.hidden = retry && !this.call;
    action.textContent = t(retry ? "try_now" : "dismiss");
    if (good) this.noticeTimer = window.setTimeout(() => this.clearNotice(), 5000);
  }

  private clearNotice(): void {
    clearTimeout(this.noticeTimer);
    this.noticed = undefined;
    byId("notice").hidden = true;
  }

  private noticeAction(): void {
    if (this.noticed?.retry) this.call?.retryNow();
    else this.clearNotice();
  }

  private askForKey(): void {
    const dialog = byId<HTMLDialogElement>("key-dialog");
    if (!dialog.open) dialog.showModal();
  }

  private takeKey(): void {
    const input = byId<HTMLInputElement>("key");
    setKey(input.value.trim());
    input.value = "";
    void this.load();
  }

  // ---- drawing -----------------------------------------------------------------------------------------------------

  private showLevels(you: number, them: number): void {
    const stage = byId("stage");
    const shown = (level: number): number => Math.min(1, Math.max(0, 1 + Math.log10(Math.max(level, 1e-4)) / 2.2));
    if (you >= 0) {
      stage.style.setProperty("--you", String(shown(you)));
      byId("meter").setAttribute("aria-valuenow", String(Math.round(100 * shown(you))));
    }
    if (them >= 0) stage.style.setProperty("--them", String(shown(them)));
  }

  /** Once per frame, however much has happened. */
  private update(): void {
    if (this.redraw) return;
    this.redraw = true;
    requestAnimationFrame(() => {
      this.redraw = false;
      this.draw();
    });
  }

  private phase(): string {
    if (this.replay) return "replay";
    if (!this.call) return "idle";
    if (!this.call.connected) return this.call.conversation.lines.length > 0 ? "reconnecting" : "connecting";
    return this.call.conversation.phase;
  }

  private draw(): void {
    const name = this.role?.name ?? "";
    const phase = this.phase();
    const inCall = this.call !== undefined;
    byId("stage").dataset.phase = phase;
    byId("phase").textContent = t(`phase_${phase}` as Word, { role: name });
    byId("call-label").textContent = t(inCall ? "hang_up" : "call");
    byId<HTMLButtonElement>("call").disabled = !this.role;
    byId("controls").hidden = !inCall;
    const mute = byId<HTMLButtonElement>("mute");
    mute.textContent = t(this.call?.muted ? "unmute" : "mute");
    mute.ariaPressed = String(this.call?.muted ?? false);
    mute.disabled = this.call?.microphoneProblem !== undefined;
    byId("interrupt").textContent = t("interrupt");
    byId<HTMLButtonElement>("interrupt").disabled = phase !== "speaking" && phase !== "thinking";
    byId<HTMLInputElement>("text").disabled = !inCall;
    byId<HTMLButtonElement>("send").disabled = !this.call?.connected;
    byId<HTMLButtonElement>("download").disabled = !this.lastCall;
    byId("replay-stop").hidden = !this.replay;
    const source = this.replay ?? this.lastCall;
    this.lines.show(source?.conversation, this.replay ? this.replay.role : name, source?.spoken ?? { item: "", ms: 0 }, source?.received ?? new Map());
    this.turns.show(source?.conversation.turns ?? []);
  }
}

new Page();
