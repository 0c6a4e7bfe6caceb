// What opens over the page is moved sideways until all of it is within the window.
export function keepInSight(element: HTMLElement): void {
  element.style.translate = '';
  const { left, right } = element.getBoundingClientRect();
  const room = 6;
  const by = Math.min(0, innerWidth - room - right);
  element.style.translate = `${Math.max(by, by === 0 ? Math.max(0, room - left) : -Math.max(0, left - room))}px`;
}
