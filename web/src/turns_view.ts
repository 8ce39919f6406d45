// What every turn took, stage by stage, as the server stamped it.
import { byId, make } from "./elements";
import type { MeasuredTurn } from "./events";
import { t, type Word } from "./words";

type Stamp = Exclude<keyof MeasuredTurn, "user_item" | "reply_item" | "wait_ms">;

/** A stage begins with the later of its stamps: those of a speculation overlap, and the picture shows it. */
const stages: { word: Word; from: Stamp[]; to: Stamp; color: string }[] = [
  { word: "stage_pause", from: ["last_voice_ms"], to: "pause_seen_ms", color: "1" },
  { word: "stage_transcript", from: ["pause_seen_ms"], to: "final_transcript_ms", color: "2" },
  { word: "stage_end", from: ["pause_seen_ms"], to: "commitment_ms", color: "3" },
  { word: "stage_token", from: ["final_transcript_ms"], to: "first_token_ms", color: "4" },
  { word: "stage_sample", from: ["first_token_ms"], to: "first_sample_ms", color: "5" },
  { word: "stage_byte", from: ["first_sample_ms", "commitment_ms"], to: "first_byte_ms", color: "6" },
];

export class TurnsView {
  private readonly place = byId("turns");
  private shown = "";

  show(turns: MeasuredTurn[]): void {
    const as = JSON.stringify([turns, document.documentElement.lang]);
    if (as === this.shown) return;
    this.shown = as;
    if (turns.length === 0) {
      this.place.replaceChildren(make("p", "hint", t("turns_empty")));
      return;
    }
    const open = new Set([...this.place.querySelectorAll<HTMLDetailsElement>("details[open]")].map((one) => one.dataset.turn));
    const newest = String(turns.length);
    const fresh = !this.place.querySelector(`[data-turn="${newest}"]`);
    this.place.replaceChildren(
      ...turns.map((turn, index) => drawTurn(turn, index + 1, fresh ? index + 1 === turns.length : open.has(String(index + 1)))).reverse(),
    );
  }
}

function drawTurn(turn: MeasuredTurn, number: number, open: boolean): HTMLDetailsElement {
  const end = Math.max(1, ...stages.map((stage) => turn[stage.to] ?? 0));
  const summary = make("summary", "", make("span", "", t("turn_n", { n: number })));
  if (turn.wait_ms !== null) summary.append(make("span", "total", t("wait", { ms: Math.round(turn.wait_ms) })));
  const table = make("table");
  table.append(make("caption", "hidden", t("turn_n", { n: number })));
  for (const stage of stages) {
    const to = turn[stage.to];
    if (to === null) continue;
    const from = Math.min(to, Math.max(0, ...stage.from.map((stamp) => turn[stamp] ?? 0)));
    const bar = make("span", `bar stage-${stage.color}`);
    bar.style.setProperty("--from", `${(100 * from) / end}%`);
    bar.style.setProperty("--length", `${Math.max(0.8, (100 * (to - from)) / end)}%`);
    const title = make("th", "", t(stage.word));
    title.scope = "row";
    const row = make("tr", "", title, make("td", "track", bar), make("td", "number", `${Math.round(to - from)} ${t("ms")}`));
    table.append(row);
  }
  const details = make("details", "turn", summary, table);
  details.dataset.turn = String(number);
  details.open = open;
  return details;
}
