// A part of the page that is loaded when it is first shown.
import type { ComponentType, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { painted } from '../state/painted';
import { laterStyle } from './later_style';
import { Note } from './states';

export function Lazy<P extends object>({ load, props, placeholder = null }: {
  load: () => Promise<ComponentType<P>>;
  props: P;
  placeholder?: VNode | null; // Until it is there.
}): VNode | null {
  const [Loaded, setLoaded] = useState<ComponentType<P> | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => { painted.then(() => Promise.all([load(), laterStyle()])).then(([component]) => setLoaded(() => component), () => setFailed(true)); }, []);
  if (failed) return <Note kind="warning">This part of the page could not be loaded. <button type="button" onClick={() => location.reload()}>Reload</button></Note>;
  return Loaded ? <Loaded {...props} /> : placeholder;
}
