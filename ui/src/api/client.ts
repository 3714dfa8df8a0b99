/** The one way to the server: typed by its own description, with the session of the browser. */

import createClient, { type Middleware } from 'openapi-fetch';
import { parseJson } from '@/lib/json';
import type { components, paths } from './schema';

export type Schema = components['schemas'];

/** What the server refused, in its own words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** What is wrong with each field of the body, by its path (`port`, `params.why`). */
    readonly faults: Readonly<Record<string, string>> = {},
    /** What to do about it. */
    readonly hint: string = '',
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

function cookie(name: string): string {
  const found = document.cookie.split('; ').find((part) => part.startsWith(`${name}=`));
  return found === undefined ? '' : decodeURIComponent(found.slice(name.length + 1));
}

/** Where the browser signs in, and comes back from. */
export function signInAddress(): string {
  const here = window.location.pathname + window.location.search;
  return `/login?next=${encodeURIComponent(here)}`;
}

/** Headers that a request of one's own needs when it changes something. */
export function changeHeaders(): Record<string, string> {
  return { 'X-CSRF-Token': cookie('windward_csrf') };
}

const session: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET') request.headers.set('X-CSRF-Token', cookie('windward_csrf'));
    return request;
  },
  onResponse({ response }) {
    if (response.status === 401) window.location.assign(signInAddress());
    return response;
  },
};

/** Numbers of an answer are exact, whatever a task has put into it. */
const exact: Middleware = {
  async onResponse({ response }) {
    const isJson = response.headers.get('Content-Type')?.startsWith('application/json') === true;
    if (!response.ok || !isJson || response.body === null) return undefined;
    const text = await response.text();
    const headers = new Headers(response.headers);
    headers.set('Content-Length', String(text.length)); // without one, the client would read the text by itself
    const answer = new Response(text, { status: response.status, headers });
    return Object.defineProperty(answer, 'json', { value: async () => parseJson(text) });
  },
};

export const client = createClient<paths>({ baseUrl: '/' });
client.use(session, exact);

/** Say what a refusal's body says, in a line. */
export function inWords(body: unknown, status: number): string {
  if (typeof body === 'object' && body !== null && 'detail' in body) {
    const { detail } = body;
    if (typeof detail === 'string') return detail;
    if (Array.isArray(detail)) {
      return detail
        .map(
          (one: { loc?: unknown[]; msg?: string }) =>
            `${(one.loc ?? []).slice(1).join('.')}: ${one.msg ?? ''}`,
        )
        .join('; ');
    }
  }
  return `HTTP ${status}`;
}

/** Say what a refusal's body says of single fields. */
export function faultsOf(body: unknown): Record<string, string> {
  const detail = typeof body === 'object' && body !== null && 'detail' in body ? body.detail : null;
  if (!Array.isArray(detail)) return {};
  return Object.fromEntries(
    detail.map((one: { loc?: unknown[]; msg?: string }) => [
      (one.loc ?? []).slice(1).join('.'),
      one.msg ?? '',
    ]),
  );
}

/** Say what a refusal's body advises. */
export function hintOf(body: unknown): string {
  const hint = typeof body === 'object' && body !== null && 'hint' in body ? body.hint : '';
  return typeof hint === 'string' ? hint : '';
}

/** Return the data of an answer. Throws `ApiError` when the server refused, or did not answer. */
export async function data<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let answer: { data?: T; error?: unknown; response: Response };
  try {
    answer = await asked;
  } catch (error) {
    throw new ApiError(0, error instanceof Error ? error.message : String(error));
  }
  if (!answer.response.ok) {
    const { status } = answer.response;
    const { error } = answer;
    throw new ApiError(status, inWords(error, status), faultsOf(error), hintOf(error));
  }
  return answer.data as T;
}
