// Who answers: the chooser and the editor.
import { Refusal, saveRole, type Role, type Voice } from "./api";
import { byId, make } from "./elements";
import { t } from "./words";

export class RolesView {
  private readonly place = byId("roles");
  private readonly dialog = byId<HTMLDialogElement>("role-editor");
  private readonly form = byId<HTMLFormElement>("role-form");
  private roles: Role[] = [];
  chosen = localStorage.getItem("parley-role") ?? "";

  constructor(
    private readonly onChoice: (role: Role) => void,
    private readonly onSaved: (id: string) => Promise<void>,
  ) {
    byId("edit-role").onclick = () => this.edit(this.role());
    byId("new-role").onclick = () => this.edit(undefined);
    byId("role-cancel").onclick = () => this.dialog.close();
    this.form.onsubmit = (event) => {
      event.preventDefault();
      void this.save();
    };
    const speed = this.field("speed");
    speed.oninput = () => (byId("speed-shown").textContent = `× ${speed.value}`);
  }

  role(): Role | undefined {
    return this.roles.find((role) => role.id === this.chosen) ?? this.roles[0];
  }

  show(roles: Role[], standard: string): void {
    this.roles = roles;
    if (!roles.some((role) => role.id === this.chosen)) this.chosen = standard;
    this.place.replaceChildren(...roles.map((role) => this.draw(role)));
  }

  showVoices(voices: Voice[]): void {
    for (const language of ["zh", "en"]) {
      const own = voices.filter((voice) => voice.languages.includes(language));
      byId(`voices-${language}`).replaceChildren(
        ...own.map((voice) => {
          const option = make("option");
          option.value = voice.name;
          return option;
        }),
      );
    }
  }

  private draw(role: Role): HTMLLabelElement {
    const input = make("input", "hidden");
    input.type = "radio";
    input.name = "role";
    input.value = role.id;
    input.checked = role.id === this.chosen;
    input.onchange = () => {
      this.chosen = role.id;
      localStorage.setItem("parley-role", role.id);
      this.onChoice(role);
    };
    const face = make("span", "face", [...role.name][0] ?? "?");
    face.ariaHidden = "true";
    face.style.setProperty("--hue", String(hueOf(role.id)));
    const words = make("span", "role-words", make("b", "", role.name), make("small", "", role.personality));
    words.lang = role.language;
    return make("label", "role", input, face, words);
  }

  private field(name: string): HTMLInputElement {
    return this.form.elements.namedItem(name) as HTMLInputElement;
  }

  private edit(role: Role | undefined): void {
    const language = document.documentElement.lang;
    this.field("id").value = role?.id ?? "";
    this.field("id").readOnly = role !== undefined;
    this.field("name").value = role?.name ?? "";
    this.field("language").value = role?.language ?? language;
    this.field("eagerness").value = role?.eagerness ?? "auto";
    this.field("personality").value = role?.personality ?? "";
    this.field("greeting").value = role?.greeting ?? "";
    this.field("voice_zh").value = role?.voices.zh ?? "";
    this.field("voice_en").value = role?.voices.en ?? "";
    this.field("speed").value = String(role?.speed ?? 1);
    this.field("speed").dispatchEvent(new Event("input"));
    byId("role-mistake").textContent = "";
    this.dialog.showModal();
    this.field(role ? "personality" : "id").focus();
  }

  private async save(): Promise<void> {
    const value = (name: string): string => this.field(name).value.trim();
    const voices: Role["voices"] = {};
    if (value("voice_zh")) voices.zh = value("voice_zh");
    if (value("voice_en")) voices.en = value("voice_en");
    const role: Role = {
      id: value("id"),
      name: value("name"),
      language: value("language") as Role["language"],
      personality: value("personality"),
      greeting: value("greeting"),
      voices,
      speed: Number(value("speed")),
      eagerness: value("eagerness"),
    };
    try {
      await saveRole(role);
      this.dialog.close();
      await this.onSaved(role.id);
    } catch (error) {
      byId("role-mistake").textContent = error instanceof Refusal && error.status !== 0 ? error.message : t("server_gone", { s: "…" });
    }
  }
}

function hueOf(id: string): number {
  let hash = 7;
  for (const char of id) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 360;
  return hash;
}
