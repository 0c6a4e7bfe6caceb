// Settings: of the namespace, of the server, and of this browser.
import type { ComponentType, VNode } from 'preact';
import { Tabs } from '../parts/tabs';
import { go, href, route } from '../state/route';
import { Browser } from './settings/browser';
import { Keys } from './settings/keys';
import { Namespaces } from './settings/namespaces';
import { Recording } from './settings/recording';
import { Retention } from './settings/retention';
import { Server } from './settings/server';

const TABS: { name: string; title: string; shows: ComponentType }[] = [
  { name: 'keys', title: 'Keys', shows: Keys },
  { name: 'recording', title: 'Recording', shows: Recording },
  { name: 'retention', title: 'Retention', shows: Retention },
  { name: 'namespaces', title: 'Namespaces', shows: Namespaces },
  { name: 'server', title: 'Server', shows: Server },
  { name: 'browser', title: 'This browser', shows: Browser },
];

export default function Settings(): VNode {
  const { namespace, path } = route.value;
  const wanted = TABS.find((tab) => tab.name === path[0]) ?? TABS[0]!;
  const Shown = wanted.shows;
  return (
    <div class="settings">
      <h1>Settings</h1>
      <Tabs label="Settings" tabs={TABS} selected={wanted.name} onSelect={(name) => go(href(namespace, 'settings', [name]))}>
        <Shown key={wanted.name} />
      </Tabs>
    </div>);
}
