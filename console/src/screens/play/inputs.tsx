// The inputs of a run as a form: one field for each that a template names or the schema declares.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Field } from '../../parts/field';
import { exactDigits, parseExact, stringifyExact } from '../../state/json_exact';

interface Declared {
  type?: string;
  description?: string;
  required?: boolean;
  default?: unknown;
  enum?: unknown[];
}

type Inputs = Record<string, unknown>;

export function InputsForm({ names, schema, inputs, onChange, said }: {
  names: string[]; // Those that the pipeline reads.
  schema: Record<string, unknown>; // What it declares of them.
  inputs: Inputs;
  onChange: (inputs: Inputs) => void;
  said: (name: string) => string | undefined; // What the server says of one.
}): VNode {
  const [asJson, setAsJson] = useState(false);
  const others = Object.keys(inputs).filter((name) => !names.includes(name));
  const put = (name: string, value: unknown) => {
    const next = { ...inputs };
    if (value === undefined) delete next[name];
    else next[name] = value;
    onChange(next);
  };
  return (
    <fieldset class="play-inputs">
      <legend>Inputs <button type="button" class="plain link" aria-pressed={asJson} onClick={() => setAsJson(!asJson)}>{asJson ? 'as fields' : 'as JSON'}</button></legend>
      <div class="play-fields">{asJson
        ? <JsonField label="All inputs" value={inputs} isObject onChange={(value) => onChange((value ?? {}) as Inputs)} error={said('')} />
        : names.length + others.length === 0
          ? <p class="soft">The pipeline reads no input. A template such as <code>{'{{INPUT.query}}'}</code> in it makes a field here.</p>
          : [...names, ...others].map((name) => (
            <Input key={name} name={name} declared={declaredOf(schema[name])} value={inputs[name]} onChange={(value) => put(name, value)}
              isUnread={!names.includes(name)} error={said(name)} />))}</div>
    </fieldset>);
}

const declaredOf = (one: unknown): Declared => (one !== null && typeof one === 'object' ? (one as Declared) : typeof one === 'string' ? { type: one } : {});

function Input({ name, declared, value, onChange, isUnread, error }: {
  name: string; declared: Declared; value: unknown; onChange: (value: unknown) => void; isUnread: boolean; error: string | undefined;
}): VNode {
  const hint = [
    declared.description, declared.required && 'required',
    declared.default !== undefined && `${JSON.stringify(declared.default)} unless given`,
    isUnread && 'no template reads it',
  ].filter(Boolean).join(' · ');
  const label = <bdi>{name}</bdi>;
  if (declared.enum && declared.enum.length > 0) {
    return (
      <Field label={label} hint={hint} error={error}>{(control) => (
        <select {...control} value={value === undefined ? '' : JSON.stringify(value)} onChange={(event) => onChange(event.currentTarget.value === '' ? undefined : JSON.parse(event.currentTarget.value))}>
          <option value="">not given</option>
          {declared.enum!.map((one) => <option key={JSON.stringify(one)} value={JSON.stringify(one)}>{String(one)}</option>)}
        </select>)}
      </Field>);
  }
  if (declared.type === 'boolean' || typeof value === 'boolean') {
    return (
      <Field label={label} hint={hint} error={error}>{(control) => (
        <select {...control} value={value === undefined ? '' : String(value)} onChange={(event) => onChange(event.currentTarget.value === '' ? undefined : event.currentTarget.value === 'true')}>
          <option value="">not given</option><option value="true">true</option><option value="false">false</option>
        </select>)}
      </Field>);
  }
  const isNumber = declared.type === 'number' || declared.type === 'integer' || typeof value === 'number' || exactDigits(value) !== null;
  if (isNumber) return <NumberField label={label} hint={hint} error={error} value={value} onChange={onChange} />;
  const isTree = (value !== null && typeof value === 'object') || declared.type === 'object' || declared.type === 'array' || declared.type === 'list';
  if (isTree) return <JsonField label={label} hint={hint} value={value} onChange={onChange} error={error} />;
  const text = value === undefined || value === null ? '' : String(value);
  const set = (next: string) => onChange(next === '' ? undefined : next);
  return (
    <Field label={label} hint={hint} error={error}>{(control) => (text.length > 80 || text.includes('\n')
      ? <textarea {...control} rows={3} value={text} placeholder="not given" onInput={(event) => set(event.currentTarget.value)} />
      : <input {...control} value={text} placeholder="not given" spellcheck={false} autocomplete="off" onInput={(event) => set(event.currentTarget.value)} />)}
    </Field>);
}

// The number that a text is, however large; the text itself where it is none.
function numberIn(text: string): unknown {
  if (text.trim() === '') return undefined;
  if (/^-?\d+$/.test(text.trim())) return parseExact(text.trim().replace(/^(-?)0+(?=\d)/, '$1'));
  return Number.isFinite(Number(text)) ? Number(text) : text;
}

function NumberField({ label, hint, error, value, onChange }: { label: VNode; hint: string; error: string | undefined; value: unknown; onChange: (value: unknown) => void }): VNode {
  const written = value === undefined ? '' : exactDigits(value) ?? String(value);
  const [text, setText] = useState(written);
  const meant = numberIn(text);
  const isWrong = typeof meant === 'string' && exactDigits(meant) === null;
  useEffect(() => { if (value !== meant) setText(written); }, [value]);
  return (
    <Field label={label} hint={hint} error={error ?? (isWrong ? 'This is no number; it is sent as text.' : undefined)}>{(control) => (
      <input {...control} inputMode="decimal" value={text} placeholder="not given" autocomplete="off" onInput={(event) => {
        const next = event.currentTarget.value;
        setText(next);
        onChange(numberIn(next));
      }} />)}
    </Field>);
}

// A value as JSON. What cannot be read yet is kept in the field, and said.
function JsonField({ label, hint, value, onChange, error, isObject }: {
  label: VNode | string; hint?: string; value: unknown; onChange: (value: unknown) => void; error?: string | undefined; isObject?: boolean;
}): VNode {
  const write = (one: unknown) => (one === undefined ? '' : stringifyExact(one, 2));
  const [text, setText] = useState(write(value));
  const [wrong, setWrong] = useState<string | undefined>();
  useEffect(() => {
    try {
      if (JSON.stringify(text.trim() === '' ? undefined : parseExact(text)) !== JSON.stringify(value)) setText(write(value));
    } catch {
      // Being written.
    }
  }, [value]);
  return (
    <Field label={label} hint={hint} error={wrong ?? error}>{(control) => (
      <textarea {...control} class="mono" rows={Math.min(12, Math.max(3, text.split('\n').length))} value={text} placeholder="not given" spellcheck={false} onInput={(event) => {
        const next = event.currentTarget.value;
        setText(next);
        try {
          const read = next.trim() === '' ? undefined : parseExact(next);
          if (isObject && read !== undefined && (read === null || typeof read !== 'object' || Array.isArray(read))) throw new Error('A JSON object is expected: {"name": value}.');
          setWrong(undefined);
          onChange(read);
        } catch (caught) {
          setWrong(`Not used yet: ${(caught as Error).message}`);
        }
      }} />)}
    </Field>);
}
