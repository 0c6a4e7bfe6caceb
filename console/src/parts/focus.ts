// The focus goes where something new begins.
import { useEffect, useRef } from 'preact/hooks';

/** The element that has this ref takes the focus when it is first shown. */
export function useFocus<T extends HTMLElement>() {
  const ref = useRef<T>(null);
  useEffect(() => ref.current?.focus(), []);
  return ref;
}
