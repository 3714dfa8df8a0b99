import { afterEach, describe, expect, test, vi } from 'vitest';
import { ApiError, changeHeaders, client, data, faultsOf, hintOf, inWords, signInAddress } from './client';

const answer = (status: number, more: { data?: unknown; error?: unknown }) =>
  Promise.resolve({ ...more, response: new Response(null, { status }) });

describe('a refusal', () => {
  test.each([
    [{ detail: 'Not here' }, 404, 'Not here'],
    [{ detail: [{ loc: ['body', 'conf', 'n'], msg: 'too large' }] }, 422, 'conf.n: too large'],
    [{ detail: [{ loc: ['query', 'a'], msg: 'x' }, { msg: 'y' }] }, 422, 'a: x; : y'],
    [{ detail: 7 }, 500, 'HTTP 500'],
    [null, 502, 'HTTP 502'],
    ['<html>', 504, 'HTTP 504'],
  ])('of %j is said in a line', (body, status, words) => {
    expect(inWords(body, status)).toBe(words);
  });

  test('says which fields are wrong', () => {
    expect(faultsOf({ detail: [{ loc: ['body', 'conf', 'n'], msg: 'too large' }] })).toEqual({
      'conf.n': 'too large',
    });
    expect(faultsOf({ detail: 'Not here' })).toEqual({});
    expect(faultsOf(undefined)).toEqual({});
    expect(hintOf({ detail: 'Not here', hint: 'Look there' })).toBe('Look there');
    expect([hintOf({ detail: 'Not here' }), hintOf(null), hintOf({ hint: 3 })]).toEqual(['', '', '']);
  });
});

describe('the data of an answer', () => {
  test('is what the server sent', async () => {
    expect(await data(answer(200, { data: { n: 1 } }))).toEqual({ n: 1 });
    expect(await data(answer(204, {}))).toBeUndefined();
  });

  test('is an error where the server refused', async () => {
    const asked = data(answer(409, { error: { detail: 'Exists already' } }));
    await expect(asked).rejects.toMatchObject({ name: 'ApiError', status: 409, message: 'Exists already' });
  });

  test('is an error without a status where nobody answered', async () => {
    const error = await data(Promise.reject(new TypeError('Failed to fetch'))).catch(
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 0, message: 'Failed to fetch' });
  });
});

describe('numbers of an answer', () => {
  test.each([true, false])('are exact, with a length of the answer told (%s) or without', async (isTold) => {
    const body = '{"key":"id","value":9007199254740993}';
    const headers = { 'Content-Type': 'application/json', ETag: '"1"' };
    const told = isTold ? { ...headers, 'Content-Length': String(body.length) } : headers;
    const answer = await client.GET('/api/v2/variables/{variable_key}', {
      params: { path: { variable_key: 'id' } },
      fetch: () => Promise.resolve(new Response(body, { headers: told })),
    });
    expect(JSON.stringify(answer.data)).toBe(body);
    expect(answer.response.headers.get('ETag')).toBe('"1"');
  });
});

describe('the session', () => {
  afterEach(() => vi.unstubAllGlobals());

  test('its token goes along with changes', () => {
    // biome-ignore lint/suspicious/noDocumentCookie: it is how the server hands the token to the page
    document.cookie = 'windward_csrf=a%2Bb';
    expect(changeHeaders()).toEqual({ 'X-CSRF-Token': 'a+b' });
  });

  test('signing in leads back to where one was', () => {
    vi.stubGlobal('location', { pathname: '/dags/a b', search: '?q=1&x=2' });
    expect(signInAddress()).toBe('/login?next=%2Fdags%2Fa%20b%3Fq%3D1%26x%3D2');
  });
});
