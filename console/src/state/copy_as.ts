// A recorded run as a command or a program that runs it again. Keys are never in it: what is copied
// reads $TRAWL_API_KEY.
import { exactDigits, hasLarge, parseExact, stringifyExact } from './json_exact';
import { isSummary, type Run } from './run';

export interface Target {
  url: string; // Of the server's root, with the slash at its end.
  namespace: string;
}

/** The body of `execute` that the run was, or why there is none. */
export function requestOf(run: Pick<Run, 'pipeline' | 'inputs' | 'labels' | 'status'>): { body: Record<string, unknown> } | { missing: string } {
  if (isSummary(run) || run.pipeline === null || typeof run.pipeline !== 'object') {
    return { missing: 'The pipeline was not recorded.' };
  }
  let inputs: unknown = null;
  try {
    inputs = parseExact(run.inputs ?? 'null');
  } catch {
    // Imported ones may be any text.
  }
  if (inputs === null || typeof inputs !== 'object') return { missing: 'The inputs were not recorded.' };
  const body: Record<string, unknown> = { ...(run.pipeline as Record<string, unknown>), inputs };
  if (run.labels && Object.keys(run.labels).length > 0) body.labels = run.labels;
  return { body };
}

/** The same of a record's text, in which large integers are not rounded yet. */
export function exactRequestOf(text: string): ReturnType<typeof requestOf> {
  return requestOf(parseExact(text) as Run);
}

/** A word of the shell that means exactly `text`. */
export function shellQuoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

// A document that ends with a line no JSON has. Quoted, so the shell changes nothing in it; and not
// an argument, so it may be of any length.
function hereDocument(body: unknown): string {
  return `<<'END_OF_REQUEST'\n${stringifyExact(body, 2)}\nEND_OF_REQUEST\n`;
}

export function asCurl(body: unknown, target: Target): string {
  return [
    `curl -sS ${shellQuoted(`${target.url}v1/retrievers/execute`)} \\`,
    '  -H "Authorization: Bearer $TRAWL_API_KEY" \\',
    `  -H ${shellQuoted(`X-Namespace: ${target.namespace}`)} \\`,
    `  -H 'Content-Type: application/json' --data-binary @- ${hereDocument(body)}`,
  ].join('\n');
}

export function asCommand(body: unknown, target: Target): string {
  return `trawl execute --url ${shellQuoted(target.url.replace(/\/$/, ''))} -n ${shellQuoted(target.namespace)} -f - ${hereDocument(body)}`;
}

/** JSON as a Python literal. Its texts are Python's, too; its three words are not. */
export function pythonLiteral(value: unknown, indent = ''): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value !== 'object') return exactDigits(value) ?? JSON.stringify(value);
  const inner = `${indent}    `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[\n${value.map((item) => `${inner}${pythonLiteral(item, inner)},\n`).join('')}${indent}]`;
  }
  const members = Object.entries(value);
  if (members.length === 0) return '{}';
  return `{\n${members.map(([name, item]) => `${inner}${JSON.stringify(name)}: ${pythonLiteral(item, inner)},\n`).join('')}${indent}}`;
}

export function asPython(body: unknown, target: Target): string {
  return `import json
import os
import urllib.request

request = urllib.request.Request(
    ${JSON.stringify(`${target.url}v1/retrievers/execute`)},
    data=json.dumps(${pythonLiteral(body, '    ')}).encode(),
    headers={
        "Authorization": "Bearer " + os.environ["TRAWL_API_KEY"],
        "X-Namespace": ${JSON.stringify(target.namespace)},
        "Content-Type": "application/json",
    },
)
with urllib.request.urlopen(request) as reply:
    execution = json.load(reply)

print(execution["execution_id"], execution["status"], execution["error"] or "")
for document in execution["documents"]:
    print(document["document_id"], document.get("score"))
`;
}

export function asTypeScript(body: unknown, target: Target): string {
  // An object of the program would round large integers; a text does not.
  const text = hasLarge(body) ? JSON.stringify(stringifyExact(body)) : `JSON.stringify(${JSON.stringify(body, null, 2).replaceAll('\n', '\n  ')})`;
  return `const reply = await fetch(${JSON.stringify(`${target.url}v1/retrievers/execute`)}, {
  method: "POST",
  headers: {
    Authorization: \`Bearer \${process.env.TRAWL_API_KEY}\`,
    "X-Namespace": ${JSON.stringify(target.namespace)},
    "Content-Type": "application/json",
  },
  body: ${text},
});
if (!reply.ok) throw new Error(await reply.text());
const execution = await reply.json();

console.log(execution.execution_id, execution.status, execution.error ?? "");
for (const document of execution.documents) console.log(document.document_id, document.score);
`;
}
