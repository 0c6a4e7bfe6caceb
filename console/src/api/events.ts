// Server-sent events read by fetch: the browser's own EventSource cannot send a key.

export interface ServerEvent {
  event: string;
  data: string;
  id: string; // The last one that was said; empty where none was.
}

/** Takes the bytes of a stream in any pieces, and gives its events as they become whole. */
export class EventParser {
  #decoder = new TextDecoder(); // Leaves out the mark of byte order.
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id = '';
  retryMs: number | null = null;

  push(bytes: Uint8Array): ServerEvent[] {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    const out: ServerEvent[] = [];
    for (;;) {
      const end = this.#rest.search(/[\r\n]/);
      // Of CR at the very end it is not known yet whether LF follows.
      if (end < 0 || (this.#rest[end] === '\r' && end + 1 === this.#rest.length)) return out;
      const line = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + (this.#rest.startsWith('\r\n', end) ? 2 : 1));
      const event = this.#take(line);
      if (event) out.push(event);
    }
  }

  #take(line: string): ServerEvent | null {
    if (line === '') {
      const { event, data } = { event: this.#event || 'message', data: this.#data };
      this.#event = '';
      this.#data = [];
      return data.length === 0 ? null : { event, data: data.join('\n'), id: this.#id };
    }
    const colon = line.indexOf(':');
    if (colon === 0) return null; // A comment: a sign of life.
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (name === 'event') this.#event = value;
    else if (name === 'data') this.#data.push(value);
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
    return null;
  }
}

/** The events of a reply until it ends, or breaks, which throws. `onBytes` hears of every sign of life. */
export async function* eventsOf(response: Response, onBytes: () => void = () => undefined): AsyncGenerator<ServerEvent> {
  const reader = response.body!.getReader();
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onBytes();
      yield* parser.push(value);
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
