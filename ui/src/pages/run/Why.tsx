/** Why something is as it is: a sentence, and what is behind it. */
import type { Reason } from './queries';
import classes from './Run.module.css';

const OPEN_DEPTH = 3;

/** Names and states stand between backticks: show them as such. */
function Sentence({ text }: { text: string }) {
  return text.split(/(`[^`]+`)/).map((part, position) =>
    part.length > 2 && part.startsWith('`') && part.endsWith('`') ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts of a sentence have no other name.
      <code key={position} className="mono">
        {part.slice(1, -1)}
      </code>
    ) : (
      part
    ),
  );
}

function Branch({ reason, depth }: { reason: Reason; depth: number }) {
  if (reason.because.length === 0) {
    return (
      <li className={classes.leaf}>
        <Sentence text={reason.reason} />
      </li>
    );
  }
  return (
    <li>
      <details open={depth < OPEN_DEPTH}>
        <summary>
          <Sentence text={reason.reason} />
        </summary>
        <ul>
          {reason.because.map((part, position) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: reasons have no other name.
            <Branch key={position} reason={part} depth={depth + 1} />
          ))}
        </ul>
      </details>
    </li>
  );
}

export function Why({ reason }: { reason: Reason }) {
  return (
    <ul className={classes.why}>
      <Branch reason={reason} depth={0} />
    </ul>
  );
}
