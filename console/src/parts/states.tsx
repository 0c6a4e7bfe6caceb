// The states that every screen has: loading, nothing there, an error.
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/client';
import { Copy } from './copy';

/** Grey lines of the size of what will come, after a tenth of a second. */
export function Skeleton({ lines = 8, label = 'Loading' }: { lines?: number; label?: string }): VNode {
  const [isShown, show] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => show(true), 100);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="skeleton" role="status" aria-label={label}>
      {isShown && Array.from({ length: lines }, (_, i) => <div class={`bar w${i % 4}`} key={i} />)}
    </div>);
}

export function Empty({ title, children }: { title: ComponentChildren; children?: ComponentChildren }): VNode {
  return <div class="empty"><p class="empty-title">{title}</p>{children}</div>;
}

/** What went wrong, in the server's words, and what can be done. */
export function ErrorBox({ error, onRetry, children }: { error: ApiError; onRetry?: () => void; children?: ComponentChildren }): VNode {
  const [left, setLeft] = useState(error.retryAfter ?? 0);
  useEffect(() => {
    setLeft(error.retryAfter ?? 0);
    if (!error.retryAfter || !onRetry) return undefined;
    let rest = error.retryAfter;
    const timer = setInterval(() => {
      rest -= 1;
      setLeft(rest);
      if (rest > 0) return;
      clearInterval(timer);
      onRetry();
    }, 1000);
    return () => clearInterval(timer);
  }, [error]);
  const more = error.invalid.filter((one) => one.message !== error.message); // Said already.
  const head = error.status === 0 ? (error.type === 'Unreachable' ? 'Out of reach' : 'It did not work') : TITLES[error.status] ?? (error.status >= 500 ? 'The server failed' : 'Refused');
  return (
    <div class="error-box">
      <div role="alert">
        <p><strong>{head}.</strong> {error.message}</p>
        {more.length > 0 && (
          <ul>{more.map((one) => <li key={one.location}><code>{one.location}</code> {one.message}</li>)}</ul>)}
      </div>
      {children}
      <p class="soft">
        {error.type}{error.status > 0 && ` · ${error.status}`}
        {error.requestId && <> · request <Copy text={error.requestId} /></>}
      </p>
      {onRetry && (
        <p class="line">
          {left > 0 && <span>Asking again in {left} s.</span>}
          <button type="button" onClick={onRetry}>{left > 0 ? 'Now' : 'Try again'}</button>
        </p>)}
    </div>);
}

const TITLES: Record<number, string> = {
  401: 'Not signed in', 403: 'Not allowed', 404: 'Not there', 408: 'Took too long', 409: 'In conflict', 410: 'Gone',
  413: 'Too large', 422: 'Not understood', 429: 'Too many requests', 503: 'Not now', 507: 'No room',
};

/** A note above the content that stays. */
export function Note({ kind = 'info', children }: { kind?: 'info' | 'warning'; children: ComponentChildren }): VNode {
  return <div class={`note is-${kind}`} role="status">{children}</div>;
}
