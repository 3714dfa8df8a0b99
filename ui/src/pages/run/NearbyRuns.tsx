/** The runs around the one that is looked at: one press or key goes to the same task of another. */
import { useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useZone } from '@/app/preferences';
import { StateSign } from '@/components/State';
import { showMoment } from '@/lib/time';
import classes from './Nearby.module.css';
import { along, nearbyQuery, type Sibling, siblingsOf } from './nearby';
import type { Run } from './queries';

const route = getRouteApi('/dags/$dagId/runs/$runId');
const DIALOG = '.mantine-Modal-content';

interface Props {
  run: Run;
  isLive: boolean;
  taskId: string | undefined;
  /** The task's name as it is shown. */
  label: string | undefined;
}

export function NearbyRuns({ run, isLive, taskId, label }: Props) {
  const { t } = useTranslation('run');
  const [zone] = useZone();
  const navigate = route.useNavigate();
  const { data } = useQuery(nearbyQuery(run, isLive));
  const box = useRef<HTMLElement>(null);
  const siblings = data === undefined ? [] : siblingsOf(data.grid, taskId);
  const at = siblings.findIndex((one) => one.runId === run.dag_run_id);
  const [previous, next] = at < 0 ? [undefined, undefined] : [siblings[at - 1], siblings[at + 1]];
  const go = (to: Sibling | undefined) => {
    if (to === undefined || document.querySelector(DIALOG) !== null) return;
    void navigate({
      to: '/dags/$dagId/runs/$runId',
      params: { dagId: run.dag_id, runId: to.runId },
      search: along,
      resetScroll: false,
    });
  };
  useHotkeys([
    ['p', () => go(previous)],
    ['n', () => go(next)],
  ]);
  // Where not all are in sight, the one that is looked at is.
  useEffect(() => {
    const here = at < 0 ? null : box.current?.querySelector<HTMLElement>('[aria-current]');
    if (here && box.current)
      box.current.scrollLeft = here.offsetLeft - (box.current.clientWidth - here.clientWidth) / 2;
  }, [at]);
  const onKey = (event: KeyboardEvent<HTMLElement>) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    const links = [...event.currentTarget.querySelectorAll('a')];
    const other = links[links.indexOf(document.activeElement as HTMLAnchorElement) + step];
    if (other === undefined) return;
    event.preventDefault();
    other.focus();
  };
  const nameOf = (one: Sibling) => {
    const word =
      one.state === null
        ? t('nearby.absent')
        : t(`states.${one.state}`, { ns: 'common', defaultValue: one.state });
    return `${showMoment(one.due, zone, false)}: ${word}`;
  };
  // One run has none beside it; while it is not known, the room is kept.
  if (data !== undefined && siblings.length < 2) return null;
  return (
    <nav className={classes.nearby} aria-label={t('nearby.title')}>
      <Step dagId={run.dag_id} to={previous} name={t('nearby.previous')} keys="p">
        ‹
      </Step>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrows go from one of its links to the next. */}
      <span ref={box} className={classes.strip} onKeyDown={onKey}>
        {siblings.map((one, number) => (
          <Link
            key={one.runId}
            to="/dags/$dagId/runs/$runId"
            params={{ dagId: run.dag_id, runId: one.runId }}
            search={along}
            resetScroll={false}
            className={classes.sibling}
            aria-current={number === at ? 'page' : undefined}
            tabIndex={number === Math.max(at, 0) ? 0 : -1}
            aria-label={nameOf(one)}
            title={`${nameOf(one)}\n${one.runId}`}
          >
            <StateSign state={one.state} />
          </Link>
        ))}
      </span>
      <Step dagId={run.dag_id} to={next} name={t('nearby.next')} keys="n">
        ›
      </Step>
      {siblings.length > 0 && (
        <span className={`dim cut ${classes.says}`}>
          {taskId === undefined
            ? t('nearby.runs', { count: siblings.length })
            : t('nearby.task', { task: label ?? taskId, count: siblings.length })}
        </span>
      )}
    </nav>
  );
}

interface StepProps {
  dagId: string;
  to: Sibling | undefined;
  name: string;
  keys: string;
  children: ReactNode;
}

function Step({ dagId, to, name, keys, children }: StepProps) {
  if (to === undefined)
    return (
      <span className={classes.step} aria-hidden="true" data-off>
        {children}
      </span>
    );
  return (
    <Link
      to="/dags/$dagId/runs/$runId"
      params={{ dagId, runId: to.runId }}
      search={along}
      resetScroll={false}
      className={classes.step}
      aria-label={name}
      aria-keyshortcuts={keys}
      title={`${name} (${keys})`}
    >
      <span aria-hidden="true">{children}</span>
    </Link>
  );
}
