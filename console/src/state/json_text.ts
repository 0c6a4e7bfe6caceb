// JSON as it is being written: a tree with the place of everything, made also of text that is not
// finished, and the way from a path to its place and back.

import { parseExact } from './json_exact';

export interface JsonNode {
  kind: 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';
  from: number;
  to: number;
  value?: string | number | boolean | null; // Of what holds nothing else.
  members: JsonMember[]; // Of an object.
  items: JsonItem[]; // Of an array.
}

export interface JsonMember {
  key: string;
  from: number; // Of the key, with its quotes.
  to: number;
  colon: number; // -1 where there is none.
  end: number; // Of the comma or bracket behind it.
  value: JsonNode | null;
}

export interface JsonItem {
  end: number;
  value: JsonNode | null;
}

export interface Problem {
  from: number;
  to: number;
  message: string;
}

export type Path = (string | number)[];

const DEPTH_MAX = 200;

class Reader {
  at = 0;
  readonly problems: Problem[] = [];
  constructor(readonly text: string) {}

  problem(from: number, to: number, message: string): void {
    if (this.problems.length < 20) this.problems.push({ from, to: Math.min(Math.max(to, from + 1), this.text.length), message });
  }

  space(): void {
    while (this.at < this.text.length && /\s/.test(this.text[this.at]!)) ++this.at;
  }

  peek(): string {
    this.space();
    return this.text[this.at] ?? '';
  }

  value(depth: number): JsonNode | null {
    const next = this.peek();
    const from = this.at;
    if (next === '"') return this.string();
    if (next === '{' || next === '[') {
      if (depth >= DEPTH_MAX) {
        this.problem(from, from + 1, `This is nested more than ${DEPTH_MAX} levels deep.`);
        this.at = this.text.length;
        return null;
      }
      return next === '{' ? this.object(depth) : this.array(depth);
    }
    const word = /[^\s,:{}[\]"]*/y;
    word.lastIndex = from;
    const text = word.exec(this.text)![0];
    if (text === '') return null;
    this.at += text.length;
    const leaf = (kind: JsonNode['kind'], value: JsonNode['value']): JsonNode => ({ kind, from, to: this.at, value, members: [], items: [] });
    if (text === 'true' || text === 'false') return leaf('boolean', text === 'true');
    if (text === 'null') return leaf('null', null);
    if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return leaf('number', parseExact(text) as number | string);
    this.problem(from, this.at, `“${text.slice(0, 40)}” is no JSON value; texts stand in double quotes.`);
    return null;
  }

  string(): JsonNode {
    const from = this.at;
    let at = from + 1;
    while (at < this.text.length && this.text[at] !== '"' && this.text[at] !== '\n') at += this.text[at] === '\\' ? 2 : 1;
    const isClosed = this.text[at] === '"';
    this.at = Math.min(this.text.length, isClosed ? at + 1 : at);
    const raw = this.text.slice(from + 1, isClosed ? at : this.at);
    let value = raw;
    if (!isClosed) this.problem(from, this.at, 'The text has no closing quote.');
    else {
      try {
        value = JSON.parse(`"${raw}"`) as string;
      } catch {
        this.problem(from, this.at, 'The text has a sign that has to be written with a backslash, or a wrong one behind it.');
      }
    }
    return { kind: 'string', from, to: this.at, value, members: [], items: [] };
  }

  // Past what cannot be read here, to a comma or the end of what holds it.
  skip(): void {
    while (this.at < this.text.length && !/[,}\]]/.test(this.text[this.at]!)) {
      if (this.text[this.at] === '"') this.string();
      else ++this.at;
    }
  }

  object(depth: number): JsonNode {
    const node: JsonNode = { kind: 'object', from: this.at++, to: 0, members: [], items: [] };
    for (let isFirst = true; ; isFirst = false) {
      const next = this.peek();
      if (next === '}' || next === ']' || next === '') break;
      if (!isFirst) {
        if (next === ',') {
          const comma = this.at++;
          if (this.peek() === '}') this.problem(comma, comma + 1, 'There is nothing behind this comma.');
        } else this.problem(this.at, this.at + 1, 'A comma is missing before this.');
      }
      if (this.peek() === '}') break;
      const member = this.member(depth);
      if (member) node.members.push(member);
      else {
        const from = this.at;
        this.skip();
        if (this.at === from && this.peek() !== ',' && !/[}\]]|^$/.test(this.peek())) ++this.at;
      }
    }
    return this.close(node, '}');
  }

  member(depth: number): JsonMember | null {
    const from = this.at;
    if (this.peek() !== '"') {
      this.value(DEPTH_MAX);
      if (this.problems.at(-1)?.from !== from) this.problem(from, this.at, 'The name of a member is expected here, in double quotes.');
      return null;
    }
    const key = this.string();
    const member: JsonMember = { key: String(key.value), from: key.from, to: key.to, colon: -1, end: 0, value: null };
    if (this.peek() === ':') {
      member.colon = this.at++;
      member.value = this.value(depth + 1);
      if (member.value === null && this.problems.at(-1)?.to !== this.at) this.problem(member.from, member.to, `“${member.key.slice(0, 40)}” has no value.`);
    } else this.problem(member.from, member.to, `A colon and a value are missing behind “${member.key.slice(0, 40)}”.`);
    this.space();
    member.end = this.at;
    return member;
  }

  array(depth: number): JsonNode {
    const node: JsonNode = { kind: 'array', from: this.at++, to: 0, members: [], items: [] };
    for (let isFirst = true; ; isFirst = false) {
      const next = this.peek();
      if (next === ']' || next === '}' || next === '') break;
      if (!isFirst) {
        if (next === ',') {
          const comma = this.at++;
          if (this.peek() === ']') this.problem(comma, comma + 1, 'There is nothing behind this comma.');
        } else this.problem(this.at, this.at + 1, 'A comma is missing before this.');
      }
      if (this.peek() === ']') break;
      const from = this.at;
      const value = this.value(depth + 1);
      if (value === null && this.at === from && this.peek() !== ',') {
        this.problem(from, from + 1, 'A value is expected here.');
        this.skip();
        if (this.at === from) break;
      }
      this.space();
      node.items.push({ value, end: this.at });
    }
    return this.close(node, ']');
  }

  close(node: JsonNode, bracket: string): JsonNode {
    if (this.peek() === bracket) ++this.at;
    else this.problem(node.from, node.from + 1, `This “${this.text[node.from]}” is not closed.`);
    node.to = this.at;
    return node;
  }
}

export function parseJson(text: string): { root: JsonNode | null; problems: Problem[] } {
  const reader = new Reader(text);
  const root = reader.value(0);
  if (root === null && reader.problems.length === 0) reader.problem(0, text.length, 'There is nothing yet: a JSON object is expected.');
  else if (reader.peek() !== '') reader.problem(reader.at, text.length, 'There is more text behind the end of the JSON.');
  return { root, problems: reader.problems };
}

/** What stands at a path; null where there is nothing. */
export function nodeAt(root: JsonNode | null, path: Path): JsonNode | null {
  let node = root;
  for (const step of path) {
    node = (typeof step === 'number' ? node?.items[step]?.value : node?.members.findLast(({ key }) => key === step)?.value) ?? null;
    if (node === null) return null;
  }
  return node;
}

/** The value that a node stands for. */
export function valueOf(node: JsonNode | null): unknown {
  if (node === null) return undefined;
  if (node.kind === 'array') return node.items.map((item) => valueOf(item.value) ?? null);
  if (node.kind === 'object') return Object.fromEntries(node.members.map((member) => [member.key, valueOf(member.value)]));
  return node.value;
}

/**
 * The path of a place as the server names it, `stages[0].config.parameters.value`, in what is
 * there: names may hold dots and brackets, so the longest that is there counts. What is not there
 * is as written.
 */
export function pathOfLocation(root: JsonNode | null, location: string): Path {
  const path: Path = [];
  let rest = location.replace(/^body\./, '');
  let node = root;
  while (rest !== '') {
    const index = /^\[(\d+)\]\.?/.exec(rest);
    if (index) {
      path.push(Number(index[1]));
      node = node?.items[Number(index[1])]?.value ?? null;
      rest = rest.slice(index[0].length);
      continue;
    }
    const known = (node?.members ?? []).map(({ key }) => key)
      .filter((key) => rest.startsWith(key) && /^(\.|\[|$)/.test(rest.slice(key.length)))
      .sort((a, b) => b.length - a.length)[0];
    const name = known ?? /^[^.[]*/.exec(rest)![0];
    if (name === '') break;
    path.push(name);
    node = node?.members.findLast(({ key }) => key === name)?.value ?? null;
    rest = rest.slice(name.length).replace(/^\./, '');
  }
  return path;
}

/** Where a path stands in the text: its value, the name of a member that is wrong as a whole, or what holds it. */
export function rangeOf(root: JsonNode | null, path: Path): { from: number; to: number } | null {
  if (root === null) return null;
  let node = root;
  let range = { from: root.from, to: Math.min(root.to, root.from + 1) };
  for (const [i, step] of path.entries()) {
    const isLast = i === path.length - 1;
    const member = typeof step === 'string' ? node.members.findLast(({ key }) => key === step) : undefined;
    const value: JsonNode | null | undefined = typeof step === 'number' ? node.items[step]?.value : member?.value;
    if (!member && !value) break;
    const isSmall = value !== null && value !== undefined && value.members.length === 0 && value.items.length === 0;
    range = isLast && isSmall ? { from: value.from, to: value.to } : member ? { from: member.from, to: member.to } : { from: value!.from, to: value!.from + 1 };
    if (!value) break;
    node = value;
  }
  return range;
}

export interface Place {
  path: Path; // Of the object that gets the name, or of the value.
  where: 'name' | 'value';
  from: number; // What is replaced by what is chosen.
  to: number;
  holder: JsonNode | null; // The object or array around it.
  isNamed: boolean; // Of a name: a colon stands behind it already.
}

/** What could be written at a place in the text; null where nothing, such as behind a value. */
export function placeAt(text: string, root: JsonNode | null, offset: number): Place | null {
  const word = (): { from: number; to: number } => ({ from: offset - /[\w.-]*$/.exec(text.slice(Math.max(0, offset - 200), offset))![0].length, to: offset });
  if (root === null || offset <= root.from || (offset >= root.to && text[root.to - 1] === '}')) return null;
  let holder = root;
  const path: Path = [];
  for (;;) {
    let child: JsonNode | null = null;
    let step: string | number;
    if (holder.kind === 'object') {
      const onName = holder.members.find((member) => offset > member.from && offset <= member.to && (offset < member.to || text[member.to - 1] !== '"'));
      if (onName) return { path, where: 'name', from: onName.from, to: onName.to, holder, isNamed: onName.colon >= 0 };
      const member = holder.members.find((one) => one.colon >= 0 && offset > one.colon && offset <= one.end);
      if (!member) {
        if (holder.members.some((one) => offset > one.from && offset <= one.end)) return null;
        return { path, where: 'name', ...word(), holder, isNamed: false };
      }
      [child, step] = [member.value, member.key];
    } else if (holder.kind === 'array') {
      const index = holder.items.findIndex((item) => offset <= item.end);
      step = index < 0 ? holder.items.length : index;
      child = index < 0 ? null : holder.items[index]!.value;
    } else return null;
    if (child && offset >= child.from && offset <= child.to) {
      if ((child.kind === 'object' || child.kind === 'array') && offset > child.from && (offset < child.to || !/[}\]]/.test(text[child.to - 1]!))) {
        holder = child;
        path.push(step);
        continue;
      }
      if (child.kind === 'object' || child.kind === 'array') return null;
      return { path: [...path, step], where: 'value', from: child.from, to: child.to, holder, isNamed: false };
    }
    if (child) return null;
    return { path: [...path, step], where: 'value', ...word(), holder, isNamed: false };
  }
}

/** The innermost path around a place: of the member whose name or value it is in. */
export function pathAround(root: JsonNode | null, offset: number): { path: Path; from: number; to: number } | null {
  let node = root;
  const path: Path = [];
  let found: { path: Path; from: number; to: number } | null = null;
  while (node && offset >= node.from && offset <= node.to) {
    const member = node.members.find((one) => (offset >= one.from && offset <= one.to) || (one.value && offset >= one.value.from && offset <= one.value.to));
    const index = node.items.findIndex((item) => item.value && offset >= item.value.from && offset <= item.value.to);
    if (member) {
      path.push(member.key);
      if (offset <= member.to) return { path: [...path], from: member.from, to: member.to };
      node = member.value;
    } else if (index >= 0) {
      path.push(index);
      node = node.items[index]!.value;
    } else return found;
    if (node && node.kind !== 'object' && node.kind !== 'array') return { path: [...path], from: node.from, to: node.to };
    found = null;
  }
  return found;
}
