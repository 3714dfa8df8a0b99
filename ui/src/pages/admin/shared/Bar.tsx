/** How much of something is taken, and by what: by length, colour and pattern. */
import classes from './shared.module.css';

export interface Piece {
  name: string;
  count: number;
  colour: string;
  pattern?: 'stripes' | 'dots';
}

export function Bar({ pieces, total, label }: { pieces: Piece[]; total: number; label: string }) {
  const sum = pieces.reduce((so_far, piece) => so_far + piece.count, 0);
  const whole = Math.max(total, sum, 1);
  return (
    <div className={classes.bar} role="img" aria-label={label} title={label}>
      {pieces
        .filter((piece) => piece.count > 0)
        .map((piece) => (
          <span
            key={piece.name}
            data-pattern={piece.pattern}
            style={{
              width: `${(100 * piece.count) / whole}%`,
              backgroundColor: `var(--state-${piece.colour})`,
            }}
          />
        ))}
    </div>
  );
}

export function Legend({ pieces }: { pieces: Piece[] }) {
  return (
    <span className={`num ${classes.legend}`}>
      {pieces.map((piece) => (
        <span key={piece.name}>
          <svg width="10" height="10" aria-hidden="true">
            <rect width="10" height="10" rx="2" fill={`var(--state-${piece.colour})`} />
            {piece.pattern === 'stripes' && (
              <path d="M0 10 10 0" stroke="var(--ww-surface)" strokeWidth="2" />
            )}
            {piece.pattern === 'dots' && <circle cx="5" cy="5" r="1.6" fill="var(--ww-surface)" />}
          </svg>
          {piece.name} {piece.count}
        </span>
      ))}
    </span>
  );
}
