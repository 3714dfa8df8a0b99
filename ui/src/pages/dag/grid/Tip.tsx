/** What is under the pointer in the grid. */
import { useTranslation } from 'react-i18next';
import { StateSign, StateWord } from '@/components/State';
import { lengthBetween, showLength, showMoment } from '@/lib/time';
import { countsAt, type Grid, type linesOf, type Spot, stateAt } from '@/pages/dag/grid/model';
import classes from './Grid.module.css';

interface TipProps {
  spot: Spot & { x: number; y: number };
  width: number;
  lines: ReturnType<typeof linesOf>;
  grid: Grid;
  zone: string;
}

export function Tip({ spot, width, lines, grid, zone }: TipProps) {
  const { t } = useTranslation('dag');
  const line = lines[spot.row];
  const run = grid.runs[spot.column];
  if (run === undefined && line?.kind !== 'group' && (line?.label.length ?? 0) < 30) return null;
  const state =
    run === undefined ? undefined : line === undefined ? run.state : stateAt(line, run, grid.stateNames);
  const counts = line === undefined || run === undefined ? null : countsAt(line, run);
  const length = run === undefined ? null : lengthBetween(run.start_date, run.end_date, Date.now());
  const isRight = spot.x > width / 2;
  return (
    <div
      className={classes.tip}
      style={{ top: spot.y + 14, ...(isRight ? { right: width - spot.x + 10 } : { left: spot.x + 14 }) }}
      aria-hidden="true"
    >
      {line !== undefined && <div className={`mono ${classes.tipName}`}>{line.id}</div>}
      {line?.kind === 'group' && <div className="dim">{t('grid.tasks', { count: line.places.length })}</div>}
      {run !== undefined && (
        <>
          {state == null ? <div className="dim">{t('grid.absent')}</div> : <StateWord state={state} />}
          {counts?.map(([name, count]) => (
            <div key={name} className={`num ${classes.tipCount}`}>
              <StateSign state={name} size={10} /> {count}{' '}
              {t(`common:states.${name}`, { defaultValue: name })}
            </div>
          ))}
          <div className={`mono dim ${classes.tipName}`}>{run.dag_run_id}</div>
          <div className="num dim">
            {t(`runTypes.${run.run_type}`, { defaultValue: run.run_type })} ·{' '}
            {showMoment(run.run_after, zone)}
            {length !== null && ` · ${showLength(length)}`}
          </div>
          {run.note && <div className={classes.tipNote}>{run.note}</div>}
        </>
      )}
    </div>
  );
}
