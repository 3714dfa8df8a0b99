/** Escape sequences of terminals. */

const ESC = String.fromCharCode(0x1b);
const BELL = String.fromCharCode(0x07);
const TITLE = `\\][^${BELL}${ESC}]*(?:${BELL}|${ESC}\\\\)?`;
const SHORT = '[@-Z\\\\-_]';
const ALL = new RegExp(`${ESC}(?:\\[[0-9;:?]*[ -/]*[@-~]|${TITLE}|${SHORT})`, 'g');
const BUT_COLOURS = new RegExp(`${ESC}(?:\\[[0-9;:?]*[ -/]*[@-ln-~]|${TITLE}|${SHORT})`, 'g');

/** Return a text without escape sequences. */
export function plain(text: string): string {
  return text.includes(ESC) ? text.replace(ALL, '') : text;
}

/** Return a text without those that are about no colour: moves, links, titles. */
export function uncommanded(text: string): string {
  return text.replace(BUT_COLOURS, '');
}
