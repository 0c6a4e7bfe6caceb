// Which inputs a pipeline reads.
import { nodeAt, type JsonNode } from './json_text';

/** The inputs that templates of a text name, and those that its `input_schema` declares. */
export function inputsOf(text: string, root: JsonNode | null): string[] {
  const names = new Set<string>(nodeAt(root, ['input_schema'])?.members.map(({ key }) => key) ?? []);
  for (const [, inner] of text.matchAll(/\{\{(.{0,500}?)\}\}/gs)) {
    for (const [, name] of inner!.matchAll(/\b(?:INPUT|inputs?)\.([A-Za-z_][\w-]*)/g)) names.add(name!);
  }
  return [...names];
}
