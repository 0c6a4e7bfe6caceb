// One way to the server: every call goes through `call`, every failure is an `ApiError`.
//
// This folder knows the wire and nothing of the page. Who asks, and about which namespace, is told
// to it by `setCaller`, so that no call can forget it.

export interface Caller {
  key: string;
  namespace: string;
}

let caller: Caller = { key: '', namespace: '' };
let heard: (outcome: 'answered' | 'unreachable' | 'unauthorized') => void = () => undefined;

/** Who asks from now on. */
export function setCaller(next: Caller): void {
  caller = next;
}

/** `listener` hears of every call whether the server answered. */
export function onOutcome(listener: typeof heard): void {
  heard = listener;
}

/** Where the server's root is: the page may be served below a prefix of a proxy. */
export function serverRoot(): string {
  return new URL('.', location.href.split('#')[0]).href;
}

export interface InvalidPart {
  location: string;
  message: string;
}

/** What the server, or the way to it, said instead of an answer. */
export class ApiError extends Error {
  constructor(
    readonly status: number, // 0 where no answer came.
    readonly type: string,
    message: string,
    readonly requestId: string | null = null,
    readonly invalid: InvalidPart[] = [],
    readonly retryAfter: number | null = null, // Seconds.
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

export interface CallOptions {
  query?: Record<string, string | number | boolean | null | undefined>;
  body?: unknown; // JSON.
  raw?: BodyInit; // Sent as it is.
  headers?: Record<string, string>;
  signal?: AbortSignal;
  namespace?: string | null; // null: none is named.
  key?: string; // Another key than the caller's, to try it; a refusal of it is no one else's news.
}

/** Where a path of the server is, with its query. */
export function urlOf(path: string, query: CallOptions['query']): string {
  const url = new URL(path.replace(/^\//, ''), serverRoot());
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}

function numberOf(text: string | null): number | null {
  const value = text === null ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

/** The error that a reply means. */
export async function errorOf(response: Response): Promise<ApiError> {
  const requestId = response.headers.get('X-Request-Id');
  const retryAfter = numberOf(response.headers.get('Retry-After'));
  let said: unknown = null;
  try {
    said = await response.json();
  } catch {
    // Something on the way answered in its own words.
  }
  const body = (said ?? {}) as {
    error?: { message?: string; type?: string; details?: Record<string, unknown> };
    request_id?: string;
  };
  const details = body.error?.details ?? {};
  const invalid = Array.isArray(details.validation_errors)
    ? (details.validation_errors as InvalidPart[]) : [];
  return new ApiError(
    response.status,
    body.error?.type ?? 'Error',
    body.error?.message ?? `The server answered ${response.status} ${response.statusText}`.trim() + '.',
    body.request_id ?? requestId, invalid, retryAfter, details);
}

/** The headers that say who asks, about which namespace. */
export function headersOf(options: Pick<CallOptions, 'headers' | 'namespace' | 'key'>): Record<string, string> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
  const key = options.key ?? caller.key;
  if (key) headers.Authorization = `Bearer ${key}`;
  const namespace = options.namespace === undefined ? caller.namespace : options.namespace;
  if (namespace) headers['X-Namespace'] = namespace;
  return headers;
}

/** The server answered with this status, of which the page hears. */
export function answered(status: number): void {
  heard(status === 401 ? 'unauthorized' : 'answered');
}

/** The error of a call that nobody answered, of which the page hears. */
export function unreachable(): ApiError {
  heard('unreachable');
  return new ApiError(0, 'Unreachable', 'The server does not answer. Is it running, and is the network up?');
}

/** Sends a request and gives the reply, which is a success. Throws ApiError, or the AbortError of `signal`. */
export async function send(method: string, path: string, options: CallOptions = {}): Promise<Response> {
  const headers = headersOf(options);
  let body = options.raw;
  if (options.body !== undefined) {
    body = JSON.stringify(options.body);
    headers['Content-Type'] = 'application/json';
  }
  const request: RequestInit = { method, headers, cache: 'no-store', credentials: 'omit' };
  if (body !== undefined) request.body = body;
  if (options.signal) request.signal = options.signal;
  let response: Response;
  try {
    response = await fetch(urlOf(path, options.query), request);
  } catch (error) {
    if (isAborted(error)) throw error;
    throw unreachable();
  }
  // The reply to a key that is no longer in use says nothing about the one that is.
  const isCallers = headers.Authorization === headersOf({}).Authorization;
  if (isCallers || response.status !== 401) answered(response.status);
  if (!response.ok && response.status !== 304) throw await errorOf(response);
  return response;
}

/** Sends a request and gives the JSON of its reply. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const response = await send(method, path, options);
  return (await response.json()) as T;
}

/** The text of a reply, of a request whose JSON is written already: numbers are as exact as they were. */
export async function callText(method: string, path: string, json: string, options: CallOptions = {}): Promise<string> {
  const response = await send(method, path, { ...options, raw: json, headers: { ...options.headers, 'Content-Type': 'application/json' } });
  return response.text();
}

/**
 * A part of a path. Browsers take "." and ".." for steps between folders even where they are
 * encoded, so that deleting a document ".." would delete its collection: such names are refused.
 */
export function part(name: string): string {
  if (/^\.{0,2}$/.test(name)) {
    throw new ApiError(0, 'Error', `“${name}” cannot stand in the address of a request; use another name, or the id.`);
  }
  return encodeURIComponent(name.replace(/\p{Surrogate}/gu, '\uFFFD'));
}
