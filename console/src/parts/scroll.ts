// How far a box is scrolled, and how high it is: what decides which rows are drawn.
import type { RefObject } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';

const ABOVE = 130; // What stands above a box at least, of the window's height.

export interface Scroll {
  top: number;
  height: number;
  isMeasured: boolean; // Until then they are guessed.
}

/** Of a box that is there from the first drawing on. The second value reads it again, as its scroll event should. */
export function useScroll(box: RefObject<HTMLElement | null>): [Scroll, () => void] {
  // To ask for its height before the first frame costs a layout and a second drawing.
  const [scroll, setScroll] = useState<Scroll>(() => ({ top: 0, height: Math.max(200, innerHeight - ABOVE), isMeasured: false }));
  const measure = () => {
    const element = box.current; // An event may come after it is gone.
    if (!element) return;
    const { scrollTop: top, clientHeight: height } = element;
    setScroll((before) => (before.isMeasured && before.top === top && before.height === height ? before : { top, height, isMeasured: true }));
  };
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => requestAnimationFrame(measure));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  return [scroll, measure];
}
