// The events of the Realtime protocol that the page reads. Everything else passes by.

export interface Content {
  type: string;
  text?: string;
  transcript?: string | null;
}

export interface Item {
  id: string;
  type: string;
  role?: "user" | "assistant" | "system";
  status?: string;
  name?: string;
  content?: Content[];
}

/** Milliseconds since the user's last voiced sample; null when it did not happen. */
export interface MeasuredTurn {
  user_item: string;
  reply_item: string;
  last_voice_ms: number | null;
  pause_seen_ms: number | null;
  final_transcript_ms: number | null;
  commitment_ms: number | null;
  first_token_ms: number | null;
  first_sample_ms: number | null;
  first_byte_ms: number | null;
  wait_ms: number | null;
}

/** What an answer stands on. Positions are code points: of the answer, of the document's text, of the source's text. */
export interface Grounds {
  sources: { number: number; path: string; title: string; text: string; begin: number; end: number; page?: number }[];
  citations: { number: number; begin: number; end: number }[];
  claims: {
    begin: number;
    end: number;
    verdict: "supported" | "not_found" | "contradicted";
    done?: "softened" | "replaced";
    evidence?: { number: number; begin: number; end: number };
  }[];
  whole: boolean;
}

export interface ServerEvent {
  type: string;
  item_id?: string;
  item?: Item;
  delta?: string;
  transcript?: string;
  text?: string;
  response?: { id: string; status: string; status_details?: { error?: { message?: string } } | null; output?: Item[] };
  response_id?: string;
  error?: { code?: string | null; message: string };
  session?: { audio?: { output?: { voice?: string } } };
  turn?: MeasuredTurn;
  grounds?: Grounds;
}

export type ClientEvent = { type: string } & Record<string, unknown>;

export function textOf(item: Item): string {
  return (item.content ?? []).map((part) => part.transcript ?? part.text ?? "").join("\n");
}
