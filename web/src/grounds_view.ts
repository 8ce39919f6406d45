// What an answer stands on: its citations lead to the passage, with what bears the answer out marked; what nothing bears out is
// underlined.
import { make } from "./elements";
import type { Grounds } from "./events";
import { t } from "./words";

/** Characters as the server counts them, as positions in a string of this language. */
function positions(text: string): number[] {
  const found: number[] = [];
  let at = 0;
  for (const character of text) {
    found.push(at);
    at += character.length;
  }
  return [...found, at];
}

/** The text from `from` to `to` with its citations as buttons and its doubtful sentences underlined. */
export function annotated(text: string, from: number, to: number, grounds?: Grounds): (Node | string)[] {
  if (!grounds) return [text.slice(from, to)];
  const at = positions(text);
  const place = (point: number): number => at[Math.min(point, at.length - 1)] ?? text.length;
  const citations = grounds.citations.map((one) => ({ ...one, begin: place(one.begin), end: place(one.end) }));
  const doubts = grounds.claims
    .filter((one) => one.verdict !== "supported" && one.done !== "replaced")
    .map((one) => ({ begin: place(one.begin), end: place(one.end) }));
  const borders = new Set([from, to]);
  for (const one of [...citations, ...doubts]) borders.add(one.begin).add(one.end);
  const sorted = [...borders].filter((border) => border >= from && border <= to).sort((a, b) => a - b);
  return sorted.slice(1).map((end, index) => {
    const begin = sorted[index] ?? from;
    const words = text.slice(begin, end);
    const citation = citations.find((one) => one.begin <= begin && end <= one.end);
    if (citation) return button(words, citation.number);
    if (!doubts.some((one) => one.begin <= begin && end <= one.end)) return words;
    const doubtful = make("span", "doubt", words);
    doubtful.title = t("not_supported");
    return doubtful;
  });
}

function button(words: string, number: number): HTMLButtonElement {
  const cite = make("button", "cite", words);
  cite.type = "button";
  cite.title = t("show_source", { n: String(number) });
  cite.addEventListener("click", () => {
    const sources = cite.closest(".line")?.querySelector<HTMLDetailsElement>(".sources");
    if (!sources) return;
    sources.open = true;
    const source = sources.querySelector<HTMLElement>(`[data-number="${number}"]`);
    source?.scrollIntoView({ block: "nearest" });
    source?.focus();
  });
  return cite;
}

export function sourcesOf(grounds: Grounds, open: boolean): HTMLDetailsElement {
  const list = make("ol", "");
  for (const source of grounds.sources) {
    const where = [`[${source.number}]`, source.title || source.path];
    if (source.page !== undefined) where.push(t("page_n", { n: String(source.page) }));
    where.push(t("characters", { from: String(source.begin), to: String(source.end) }));
    const item = make("li", "", make("b", "", where.join(" · ")), make("p", "", ...marked(source, grounds)));
    item.dataset.number = String(source.number);
    item.tabIndex = -1;
    list.append(item);
  }
  const details = make("details", "sources", make("summary", "", t("sources", { n: String(grounds.sources.length) })), list);
  details.open = open;
  return details;
}

/** The passage with the sentences that the answer stands on. */
function marked(source: Grounds["sources"][number], grounds: Grounds): (Node | string)[] {
  const at = positions(source.text);
  const evidence = grounds.claims
    .filter((claim) => claim.verdict === "supported" && claim.evidence?.number === source.number)
    .map((claim) => claim.evidence ?? { begin: 0, end: 0 })
    .sort((a, b) => a.begin - b.begin);
  const parts: (Node | string)[] = [];
  let done = 0;
  for (const { begin, end } of evidence) {
    if (begin < done) continue; // the same sentence bears out two
    parts.push(source.text.slice(at[done], at[begin]), make("mark", "", source.text.slice(at[begin], at[end])));
    done = end;
  }
  return [...parts, source.text.slice(at[done])];
}
