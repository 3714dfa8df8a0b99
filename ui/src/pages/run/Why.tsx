/** Why something is as it is: a sentence, and what is behind it. */
import { Said } from '@/components/Said';
import type { Reason } from './queries';
import classes from './Run.module.css';

const OPEN_DEPTH = 3;

function Branch({ reason, depth }: { reason: Reason; depth: number }) {
  if (reason.because.length === 0) {
    return (
      <li className={classes.leaf}>
        <Said text={reason.reason} />
      </li>
    );
  }
  return (
    <li>
      <details open={depth < OPEN_DEPTH}>
        <summary>
          <Said text={reason.reason} />
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
