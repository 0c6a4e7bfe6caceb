// The filter grammar as JSON, for what tokens cannot say.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog } from '../../parts/dialog';
import { canonical, type Conditions } from '../../state/list_filter';

const EXAMPLE = '{"OR": [{"status": "cancelled"}, {"field": "labels.team", "operator": "starts_with", "value": "sea"}]}';

export function Advanced({ conditions, onChange, onClose }: {
  conditions: Conditions; onChange: (conditions: Conditions) => void; onClose: () => void;
}): VNode {
  const [text, setText] = useState(conditions.filters ? JSON.stringify(conditions.filters, null, 2) : '');
  const [wrong, setWrong] = useState<string | null>(null);
  const apply = (event: Event) => {
    event.preventDefault();
    let filters: unknown = null;
    try {
      filters = text.trim() === '' ? null : JSON.parse(text);
    } catch (error) {
      setWrong(`This is no JSON: ${(error as Error).message}`);
      return;
    }
    if (filters !== null && (typeof filters !== 'object' || Array.isArray(filters))) {
      setWrong(`A filter is an object, such as ${EXAMPLE}`);
      return;
    }
    onClose();
    onChange(canonical({ ...conditions, filters }));
  };
  return (
    <Dialog title="Filters as JSON" onClose={onClose} wide>
      <form class="stack" onSubmit={apply}>
        <label class="field">AND, OR, NOT and conditions over every field of an execution
          <textarea class="mono advanced" rows={12} spellcheck={false} value={text} aria-invalid={wrong !== null} autofocus placeholder={EXAMPLE}
            onInput={(event) => { setText(event.currentTarget.value); setWrong(null); }}
            onKeyDown={(event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) apply(event); }} />
        </label>
        {wrong && <p role="alert" class="bad">{wrong}</p>}
        <p class="soft">Operators: eq, ne, gt, gte, lt, lte, in, nin, contains, starts_with, ends_with, regex, exists, is_null, text. The other conditions stay as they are; all of them have to hold.</p>
        <div class="actions">
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="primary">Apply</button>
        </div>
      </form>
    </Dialog>);
}
