// How far a box is scrolled, and how high it is: what decides which rows are drawn.
import type { RefObject } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';

export interface Scroll {
  top: number;
  height: number;
}

/** Of a box that is there from the first drawing on. The second value reads it again, as its scroll event should. */
export function useScroll(box: RefObject<HTMLElement | null>): [Scroll, () => void] {
  const [scroll, setScroll] = useState<Scroll>({ top: 0, height: 600 });
  const measure = () => {
    const element = box.current; // An event may come after it is gone.
    if (element) setScroll({ top: element.scrollTop, height: element.clientHeight });
  };
  useLayoutEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  return [scroll, measure];
}
