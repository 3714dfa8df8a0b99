/** A sentence of the server's, in the language of the page. Names stand between backticks there, and are shown as such. */
import { said } from '@/i18n';

const NAMES = /(`[^`]+`)/;

export function Said({ text }: { text: string | null | undefined }) {
  return said(text ?? '')
    .split(NAMES)
    .map((part, position) =>
      part.length > 2 && part.startsWith('`') && part.endsWith('`') ? (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts of a sentence have no other name.
        <code key={position} className="mono named">
          {part.slice(1, -1)}
        </code>
      ) : (
        part
      ),
    );
}
