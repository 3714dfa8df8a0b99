/** A state, by shape, colour and word. */
import { useTranslation } from 'react-i18next';
import { SIGNS } from '@/lib/signs';
import { lookOf } from '@/lib/states';

export function StateSign({ state, size = 12 }: { state: string | null | undefined; size?: number }) {
  const look = lookOf(state);
  const { path, width } = SIGNS[look.shape];
  return (
    <svg
      viewBox="0 0 12 12"
      width={size}
      height={size}
      aria-hidden="true"
      style={{ color: `var(--state-${look.colour})`, flex: 'none' }}
    >
      {width === null ? (
        <path d={path} fill="currentColor" />
      ) : (
        <path d={path} fill="none" stroke="currentColor" strokeWidth={width} strokeLinecap="round" />
      )}
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
