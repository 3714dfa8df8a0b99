/** Which way a graph goes: to the right where there is room, else down; and the button that turns it. */
import { Button } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import type { Direction } from './layout';

/** Return the way that the address says, else the one that fits. */
export function useDirection(chosen: string | undefined): Direction {
  const isNarrow = useMediaQuery('(max-width: 700px)', false, { getInitialValueInEffect: false });
  if (chosen === 'right' || chosen === 'down') return chosen;
  return isNarrow ? 'down' : 'right';
}

export function Turn({ direction, turn }: { direction: Direction; turn: (to: Direction) => void }) {
  const { t } = useTranslation();
  const other = direction === 'right' ? 'down' : 'right';
  return (
    <Button
      size="xs"
      variant="default"
      aria-label={t(`turn.${other}`)}
      title={t(`turn.${other}`)}
      onClick={() => turn(other)}
    >
      {other === 'down' ? '↓' : '→'}
    </Button>
  );
}
