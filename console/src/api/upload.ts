// A file on its way to the server.
import { answered, errorOf, headersOf, unreachable, urlOf } from './client';

/**
 * Sends a file and tells, as it goes, how many of its bytes are sent; otherwise as `call`. By
 * XMLHttpRequest, since fetch does not tell.
 */
export function upload<T>(
  path: string, file: Blob, contentType: string, onSent: (bytes: number) => void, signal?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', urlOf(path, {}));
    const headers = headersOf({ headers: { 'Content-Type': contentType } });
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onSent(event.loaded);
    request.upload.onload = () => onSent(file.size);
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException('The upload was stopped.', 'AbortError'));
    request.onload = () => {
      answered(request.status);
      const named = ['X-Request-Id', 'Retry-After'].flatMap((name): [string, string][] => {
        const value = request.getResponseHeader(name);
        return value === null ? [] : [[name, value]];
      });
      const response = new Response(request.responseText, { status: request.status, statusText: request.statusText, headers: named });
      if (response.ok) response.json().then(resolve, reject);
      else errorOf(response).then(reject, reject);
    };
    signal?.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}
