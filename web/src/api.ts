// The server's plain routes, and where its calls are.

export interface Role {
  id: string;
  name: string;
  language: "zh" | "en";
  personality: string;
  greeting: string;
  voices: Partial<Record<"zh" | "en", string>>;
  speed: number;
  eagerness: string;
}

export interface Voice {
  name: string;
  languages: string[];
  description: string;
}

/** `status` 0: nobody answered. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly retryAfter = 3,
  ) {
    super(message);
  }
}

let key = sessionStorage.getItem("parley-key") ?? "";

export function setKey(next: string): void {
  key = next;
  sessionStorage.setItem("parley-key", next);
}

async function ask(path: string, init: RequestInit = {}): Promise<unknown> {
  const headers = new Headers(init.headers);
  if (key) headers.set("Authorization", `Bearer ${key}`);
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers, cache: "no-store" });
  } catch {
    throw new Refusal(0, "");
  }
  const body = (await response.json().catch(() => ({}))) as { error?: { message?: string } };
  if (response.ok) return body;
  throw new Refusal(response.status, body.error?.message ?? response.statusText, Number(response.headers.get("Retry-After")) || 3);
}

export async function fetchRoles(): Promise<{ data: Role[]; standard: string }> {
  return (await ask("/v1/roles")) as { data: Role[]; standard: string };
}

export async function saveRole(role: Role): Promise<void> {
  await ask("/v1/roles", { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(role) });
}

export async function fetchVoices(): Promise<Voice[]> {
  return ((await ask("/v1/voices")) as { data: Voice[] }).data;
}

export async function ready(): Promise<void> {
  await ask("/readyz");
}

/** With a key the socket is opened with an ephemeral one: it stands in a header that proxies may log. */
export async function openSocket(role: string): Promise<WebSocket> {
  const url = new URL(`/v1/realtime?role=${encodeURIComponent(role)}`, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const protocols = ["realtime"];
  if (key) {
    const secret = (await ask("/v1/realtime/client_secrets", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ expires_after: { anchor: "created_at", seconds: 60 } }),
    })) as { value: string };
    protocols.push(`openai-insecure-api-key.${secret.value}`);
  }
  return new WebSocket(url, protocols);
}
