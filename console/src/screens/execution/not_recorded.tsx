import type { VNode } from 'preact';
import { href, route } from '../../state/route';

/** The place of something that the recording policy leaves out. */
export function NotRecorded({ what }: { what: string }): VNode {
  return (
    <p class="soft not-recorded">{what}: not recorded (summary).{' '}
      <a href={href(route.value.namespace, 'settings', ['recording'])}>What is recorded</a>
    </p>);
}
