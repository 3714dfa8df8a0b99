import { afterEach, expect, it, vi } from 'vitest';
import { copyText } from './Copy';

afterEach(() => {
  vi.unstubAllGlobals();
  Reflect.deleteProperty(document, 'execCommand');
  document.body.replaceChildren();
});

/** A page whose browser has this clipboard, and copies what is chosen when it is asked to. */
function pageWith(clipboard: object | undefined, mayCopy = true) {
  const copied: unknown[] = [];
  vi.stubGlobal('navigator', { clipboard });
  document.execCommand = () => {
    const { activeElement } = document;
    copied.push(activeElement instanceof HTMLTextAreaElement ? activeElement.value : activeElement);
    return mayCopy;
  };
  return copied;
}

it('a text is copied by the clipboard', async () => {
  const writeText = vi.fn(async () => undefined);
  const copied = pageWith({ writeText });

  expect(await copyText('a')).toBe(true);
  expect(writeText).toHaveBeenCalledWith('a');
  expect(copied).toEqual([]);
});

it('without a clipboard it is copied all the same, in a dialog too, and nothing is left of it', async () => {
  document.body.innerHTML = '<div role="dialog"><button>Copy</button></div>';
  const page = document.body.innerHTML;
  const button = document.querySelector('button');
  button?.focus();
  const copied = pageWith(undefined);

  expect(await copyText('a\nb')).toBe(true);
  expect(copied).toEqual(['a\nb']);
  expect(document.body.innerHTML).toBe(page);
  expect(document.activeElement).toBe(button);
});

it('it is told where neither is possible', async () => {
  const refuse = async () => Promise.reject(new Error('not allowed'));
  pageWith({ writeText: refuse }, false);

  expect(await copyText('a')).toBe(false);
});
