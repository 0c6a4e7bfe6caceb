// What a person prefers in this browser. It applies at once and is kept here alone.
import type { VNode } from 'preact';
import { Choices, Field } from '../../parts/field';
import { longTime } from '../../state/format';
import { prefer, preferences } from '../../state/preferences';

const PAGE_SIZES = [50, 100, 200, 500, 1000];

export function Browser(): VNode {
  const { theme, density, timeZone, pageSize, shortcuts } = preferences.value;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <div class="settings-form stack">
      <p class="soft">These hold in this browser alone, from now on. Signing out forgets them.</p>
      <Choices label="Colours" name="theme" value={theme} onChoose={(value) => prefer({ theme: value })} choices={[
        { value: 'system', title: 'As the system' }, { value: 'light', title: 'Light' }, { value: 'dark', title: 'Dark' }]} />
      <Choices label="Size of the text" name="density" value={density} onChoose={(value) => prefer({ density: value })} choices={[
        { value: 'normal', title: 'Normal' }, { value: 'compact', title: 'Compact', hint: 'more in sight' }]} />
      <Choices label="Times" name="zone" value={timeZone} onChoose={(value) => prefer({ timeZone: value })} choices={[
        { value: 'local', title: 'Local', hint: zone }, { value: 'utc', title: 'UTC', hint: 'as the server writes them' }]} />
      <p class="soft">It is now {longTime(new Date())}.</p>
      <Field label="Rows asked for at once" hint="The next ones come as you scroll. Fewer come sooner.">
        {(control) => (
          <select {...control} value={pageSize} onChange={(event) => prefer({ pageSize: Number(event.currentTarget.value) })}>
            {[...new Set([...PAGE_SIZES, pageSize])].sort((a, b) => a - b).map((size) => <option key={size} value={size}>{size}</option>)}
          </select>)}
      </Field>
      <label class="check-field">
        <input type="checkbox" checked={shortcuts} onChange={(event) => prefer({ shortcuts: event.currentTarget.checked })} />
        <span>Shortcuts of one key <span class="soft hint">Turn them off where speech or other input types letters by accident. Those with Ctrl stay.</span></span>
      </label>
    </div>);
}
