// The words of both sides. What was not heard of an interrupted answer is struck through; what has not been heard yet is pale.
import type { Conversation, Line } from "./conversation";
import { byId, make } from "./elements";
import { annotated, sourcesOf } from "./grounds_view";
import type { Played } from "./player";
import { t } from "./words";

export class LinesView {
  private readonly list = byId<HTMLOListElement>("lines");
  private readonly shown = new Map<string, { element: HTMLLIElement; as: string }>();

  show(conversation: Conversation | undefined, name: string, spoken: Played, received: ReadonlyMap<string, number>): void {
    const lines = conversation?.lines ?? [];
    const following = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 40;
    this.list.dataset.empty = lines.length === 0 ? t("empty_talk") : "";
    for (const [id, { element }] of this.shown) {
      if (lines.some((line) => line.id === id)) continue;
      element.remove();
      this.shown.delete(id);
    }
    let changed = false;
    lines.forEach((line, index) => {
      const known = this.shown.get(line.id);
      const cut = heardSoFar(line, spoken, received);
      const as = JSON.stringify([line, cut, name, document.documentElement.lang]);
      const element = known?.element ?? make("li");
      if (known?.as !== as) {
        draw(element, line, cut, name);
        this.shown.set(line.id, { element, as });
        changed = true;
      }
      if (this.list.children[index] !== element) this.list.insertBefore(element, this.list.children[index] ?? null);
    });
    if (changed && following) this.list.scrollTop = this.list.scrollHeight;
  }
}

/** How far into a line's text the loudspeaker is, by the share of its sound that was played. */
function heardSoFar(line: Line, spoken: Played, received: ReadonlyMap<string, number>): number {
  if (line.who !== "assistant" || line.heard !== undefined || spoken.item !== line.id) return line.text.length;
  const all = received.get(line.id) ?? 0;
  if (all <= 0 || spoken.ms >= all - 120) return line.text.length;
  return Math.min(line.text.length, Math.ceil((line.text.length * spoken.ms) / all));
}

function draw(element: HTMLLIElement, line: Line, cut: number, name: string): void {
  element.className = `line ${line.who}${line.live ? " live" : ""}`;
  element.ariaBusy = String(line.live);
  const who = make("span", "who", line.who === "user" ? t("you") : name);
  const words = make("p", "what");
  if (line.heard !== undefined) {
    words.append(...annotated(line.text, 0, line.heard, line.grounds));
    const lost = make("s", "", line.text.slice(line.heard));
    lost.title = t("not_heard");
    words.append(lost, make("span", "hidden", t("not_heard")));
  } else if (cut < line.text.length) {
    words.append(
      ...annotated(line.text, 0, cut, line.grounds),
      make("span", "ahead", ...annotated(line.text, cut, line.text.length, line.grounds)),
    );
  } else {
    words.append(...annotated(line.text, 0, line.text.length, line.grounds));
  }
  if (line.live && line.text === "") words.append(make("span", "dots", "…"));
  if (line.failed !== undefined) {
    words.append(make("em", "", line.who === "user" ? t("no_words") : t("answer_failed", { why: line.failed })));
  }
  const open = element.querySelector<HTMLDetailsElement>(".sources")?.open ?? false;
  element.replaceChildren(who, words);
  if (line.grounds && line.grounds.sources.length > 0) element.append(sourcesOf(line.grounds, open));
}
