/** What the cells of the grid mean: drawn by the same hand. */
import { Popover, UnstyledButton, useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { paletteOf } from '@/components/canvas/palette';
import { TASK_STATES } from '@/lib/states';
import { CELL, Stamps } from '@/pages/dag/grid/stamps';
import classes from './Grid.module.css';

const SHOWN = ['success', 'failed', 'running', 'queued', 'skipped'];

/** A cell as the grid has it. */
export function Cell({ state, count = '' }: { state: string; count?: string }) {
  const scheme = useComputedColorScheme('light');
  const canvas = useRef<HTMLCanvasElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are those of the scheme
  useEffect(() => {
    const target = canvas.current;
    const ctx = target?.getContext('2d');
    if (target == null || ctx == null) return;
    const scale = window.devicePixelRatio || 1;
    target.width = CELL * scale;
    target.height = CELL * scale;
    ctx.drawImage(new Stamps(paletteOf(target), scale).cell(state, false, count), 0, 0);
  }, [state, count, scheme]);
  return <canvas ref={canvas} className={classes.sample} />;
}

export function GridLegend() {
  const { t } = useTranslation('dag');
  const entry = (state: string) => (
    <span key={state} className={classes.entry}>
      <Cell state={state} />
      {t(`common:states.${state}`)}
    </span>
  );
  return (
    <div className={classes.legend}>
      <span className={classes.legendShort}>{SHOWN.map(entry)}</span>
      <Popover position="bottom-end" shadow="md" width={320}>
        <Popover.Target>
          <UnstyledButton className={classes.more}>{t('grid.legend')}</UnstyledButton>
        </Popover.Target>
        <Popover.Dropdown>
          <div className={classes.legendAll}>
            {[...TASK_STATES, 'none'].map(entry)}
            <span className={classes.entry}>
              <Cell state="success" count="12" />
              {t('grid.mapped')}
            </span>
          </div>
        </Popover.Dropdown>
      </Popover>
    </div>
  );
}
