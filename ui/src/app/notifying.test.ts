import { afterEach, describe, expect, it, vi } from 'vitest';
import { allowance, askToNotify, callByTitle, notify } from './notifying';

function browserWith(permission: NotificationPermission, show: (title: string) => void = () => undefined) {
  class Notice {
    static permission = permission;
    static requestPermission = async () => permission;
    onclick: (() => void) | null = null;
    constructor(title: string) {
      show(title);
    }
  }
  vi.stubGlobal('Notification', Notice);
}

afterEach(() => vi.unstubAllGlobals());

describe('a notification', () => {
  it('is shown where it may be', () => {
    const show = vi.fn();
    browserWith('granted', show);
    expect(notify('done', {}, '/')).toBe(true);
    expect(show).toHaveBeenCalledWith('done');
  });

  it.each(['denied', 'default'] as const)('is not shown where the browser says %s', async (permission) => {
    const show = vi.fn();
    browserWith(permission, show);
    expect(notify('done', {}, '/')).toBe(false);
    expect(show).not.toHaveBeenCalled();
    expect(await askToNotify()).toBe(permission);
  });

  it('is not shown where the browser has none', async () => {
    const { Notification: own, ...others } = globalThis;
    Reflect.deleteProperty(globalThis, 'Notification');
    expect(others).not.toHaveProperty('Notification');
    expect(allowance()).toBe('absent');
    expect(await askToNotify()).toBe('absent');
    expect(notify('done', {}, '/')).toBe(false);
    if (own !== undefined) globalThis.Notification = own;
  });

  it('is not shown where making one fails', () => {
    browserWith('granted', () => {
      throw new TypeError('Illegal constructor');
    });
    expect(notify('done', {}, '/')).toBe(false);
  });
});

describe('the title of a page', () => {
  it('says what happened until somebody looks', () => {
    document.title = 'Home';
    callByTitle('done');
    expect(document.title).toBe('● done');
    window.dispatchEvent(new Event('keydown'));
    expect(document.title).toBe('Home');
  });

  it('is its own again when much happened before somebody looked', () => {
    document.title = 'Home';
    callByTitle('bread');
    callByTitle('cake');
    expect(document.title).toBe('● cake');
    window.dispatchEvent(new Event('keydown'));
    expect(document.title).toBe('Home');
  });

  it('stays what another page made of it', () => {
    document.title = 'Home';
    callByTitle('done');
    document.title = 'DAGs';
    window.dispatchEvent(new Event('focus'));
    expect(document.title).toBe('DAGs');
  });
});
