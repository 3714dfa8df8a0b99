/** What is secret is masked by the server, and can be written but never read. */

export const MASK = '***';

/** Whether nothing of a text is shown: it must be typed anew to change it. */
export function isMasked(text: string | null | undefined): boolean {
  return text === MASK;
}

/** Whether some of a text is masked: in JSON, only what has a telling name. */
export function isPartlyMasked(text: string | null | undefined): boolean {
  return text != null && text !== MASK && text.includes(`"${MASK}"`);
}

/** Return what is wrong with JSON, in the words of the browser, or nothing. */
export function wrongJson(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
