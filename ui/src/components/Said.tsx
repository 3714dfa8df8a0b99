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

/** What a process ended of: an error of its code by type and message, or a sentence of the server's. */
export function EndedOf({ type, message }: { type?: string | undefined; message?: string | undefined }) {
  if (!type) return <Said text={message} />;
  return <span className="mono">{message ? `${type}: ${said(message)}` : type}</span>;
}
