/** What appears once rows are chosen: how many they are, and what can be done to them. */
import { Button, CloseButton } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './Many.module.css';

interface Props {
  count: number;
  away: number;
  forget: () => void;
  /** At the foot of a narrow list rather than over a page. */
  isNarrow?: boolean;
  children: ReactNode;
}

export function ChosenBar({ count, away, forget, isNarrow = false, children }: Props) {
  const { t } = useTranslation('many');
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      // A dialog, a menu or a field that is open has the key for itself.
      const within = event.target instanceof Element && event.target.closest('[role=dialog], [role=menu]');
      const isTyping = event.target instanceof HTMLInputElement && event.target.type !== 'checkbox';
      if (event.key === 'Escape' && !event.defaultPrevented && !within && !isTyping) forget();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [forget]);
  return (
    <section className={classes.bar} data-is-narrow={isNarrow} aria-label={t('bar')}>
      <span role="status" className={`num ${classes.count}`}>
        {t('count', { count })}
        {away > 0 && <span className="dim"> · {t('away', { count: away })}</span>}
      </span>
      <span className={classes.acts}>{children}</span>
      <CloseButton size="sm" aria-label={t('forget')} title={t('forget')} onClick={forget} />
    </section>
  );
}

export function Act({
  label,
  color,
  onClick,
}: {
  label: string;
  color?: string | undefined;
  onClick: () => void;
}) {
  return (
    <Button size="compact-sm" variant="default" c={color} onClick={onClick}>
      {label}
    </Button>
  );
}
