// A control with its label, a hint, and what is wrong with its value.
import type { ComponentChildren, VNode } from 'preact';
import { useId } from 'preact/hooks';

export interface FieldControl {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': 'true' | undefined;
}

/** `children` draws the control, with what it is given. */
export function Field({ label, hint, error, className = '', children }: {
  label: ComponentChildren;
  hint?: ComponentChildren;
  error?: ComponentChildren;
  className?: string;
  children: (control: FieldControl) => ComponentChildren;
}): VNode {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;
  return (
    <div class={`field ${className}`}>
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': described, 'aria-invalid': error ? 'true' : undefined })}
      {hint && <span id={`${id}-hint`} class="soft hint">{hint}</span>}
      {error && <span id={`${id}-error`} class="bad hint" role="alert">{error}</span>}
    </div>);
}

/** One of a few choices, each with a sentence. */
export function Choices<T extends string>({ label, name, value, choices, onChoose, disabled }: {
  label: ComponentChildren;
  name: string;
  value: T;
  choices: readonly { value: T; title: string; hint?: string }[];
  onChoose: (value: T) => void;
  disabled?: boolean;
}): VNode {
  const id = useId();
  return (
    <fieldset class="choices" disabled={disabled}>
      <legend>{label}</legend>
      {choices.map((choice) => (
        <label class="check-field" key={choice.value}>
          <input type="radio" name={`${name}-${id}`} value={choice.value} checked={choice.value === value} onChange={() => onChoose(choice.value)} />
          <span>{choice.title}{choice.hint && <span class="soft hint"> {choice.hint}</span>}</span>
        </label>))}
    </fieldset>);
}
