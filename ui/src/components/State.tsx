/** A state, by shape, colour and word. */
import { useTranslation } from 'react-i18next';
import { lookOf, type Shape } from '@/lib/states';

const PATHS: Record<Shape, React.ReactNode> = {
  disc: <circle cx="6" cy="6" r="4.5" fill="currentColor" />,
  ring: <circle cx="6" cy="6" r="3.75" fill="none" stroke="currentColor" strokeWidth="1.5" />,
  cross: <path d="M2.5 2.5l7 7m0-7l-7 7" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />,
  arrow: <path d="M3 1.8v8.4L10.2 6z" fill="currentColor" />,
  pause: <path d="M3.5 2v8M8.5 2v8" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round" />,
  dots: (
    <g fill="currentColor">
      <circle cx="2" cy="6" r="1.4" />
      <circle cx="6" cy="6" r="1.4" />
      <circle cx="10" cy="6" r="1.4" />
    </g>
  ),
  clock: (
    <g fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round">
      <circle cx="6" cy="6" r="4.2" />
      <path d="M6 3.6V6l1.7 1.2" />
    </g>
  ),
  dash: <path d="M2 6h8" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />,
  hand: <path d="M6 1.5l4.5 4.5L6 10.5 1.5 6z" fill="currentColor" />,
  turn: (
    <path
      d="M9.8 6A3.8 3.8 0 1 1 8.4 3M8.4 1v2.4H6"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
    />
  ),
};

export function StateSign({ state, size = 12 }: { state: string | null | undefined; size?: number }) {
  const look = lookOf(state);
  return (
    <svg
      viewBox="0 0 12 12"
      width={size}
      height={size}
      aria-hidden="true"
      style={{ color: `var(--state-${look.colour})`, flex: 'none' }}
    >
      {PATHS[look.shape]}
    </svg>
  );
}

export function StateWord({ state }: { state: string | null | undefined }) {
  const { t } = useTranslation();
  const name = state ?? 'none';
  return (
    <span className="nowrap" style={{ display: 'inline-flex', alignItems: 'center', gap: 6 }}>
      <StateSign state={state} />
      <span>{t(`states.${name}`, { defaultValue: name })}</span>
    </span>
  );
}
