/** What a day or an hour came to: full for success, a cross for failure, half and half for both, a triangle while it runs. */

export const SIDE = 16;
export const OUTCOMES = ['success', 'failed', 'mixed', 'running', 'queued', 'planned'] as const;

function Frame({ colour, dashes }: { colour: string; dashes?: string }) {
  return (
    <rect
      x=".5"
      y=".5"
      width={SIDE - 1}
      height={SIDE - 1}
      rx="3"
      fill="none"
      stroke={`var(--${colour})`}
      strokeDasharray={dashes}
    />
  );
}

export function Sign({ outcome }: { outcome: string | null }) {
  switch (outcome) {
    case 'success':
      return <rect width={SIDE} height={SIDE} rx="3" fill="var(--state-success)" />;
    case 'failed':
      return (
        <>
          <rect width={SIDE} height={SIDE} rx="3" fill="var(--state-failed)" />
          <path d="M4.5 4.5l7 7m0-7l-7 7" stroke="var(--ww-surface)" strokeWidth="2" strokeLinecap="round" />
        </>
      );
    case 'mixed':
      return (
        <>
          <rect width={SIDE} height={SIDE} rx="3" fill="var(--state-success)" />
          <path d={`M${SIDE} 0v${SIDE - 3}a3 3 0 0 1-3 3H0z`} fill="var(--state-failed)" />
          <path d={`M${SIDE} 0L0 ${SIDE}`} stroke="var(--ww-surface)" strokeWidth="1.5" />
        </>
      );
    case 'running':
      return (
        <>
          <rect width={SIDE} height={SIDE} rx="3" fill="var(--state-running)" />
          <path d="M6 4.5v7l5.5-3.5z" fill="var(--ww-surface)" />
        </>
      );
    case 'queued':
      return (
        <>
          <Frame colour="state-queued" />
          <path
            d="M4 8h.1M8 8h.1M12 8h.1"
            stroke="var(--state-queued)"
            strokeWidth="2"
            strokeLinecap="round"
          />
        </>
      );
    case 'planned':
      return (
        <>
          <Frame colour="ww-accent" dashes="3 2" />
          <circle cx={SIDE / 2} cy={SIDE / 2} r="1.6" fill="var(--ww-accent)" />
        </>
      );
    default:
      return <Frame colour="ww-line" />;
  }
}
