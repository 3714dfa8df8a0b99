/** Lines of the audit log, each with what changed in short, and with all of it when it is opened. */
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Moment } from '@/components/Moment';
import { StateSign } from '@/components/State';
import shared from '../shared/shared.module.css';
import classes from './Audit.module.css';
import { Details } from './Details';
import { detailsOf, type EventDetails, gistOf, type Line, shownValue } from './event';

const REFUSED = 400;

interface Props {
  lines: readonly Line[];
  /** The line that is open, and how another one is. */
  opened: string | undefined;
  open: (item: string | undefined) => void;
  /** What all of them are about, and need not say. */
  within?: 'dag' | 'task';
}

export function Lines({ lines, opened, open, within }: Props) {
  const { t } = useTranslation('manage');
  const columns = ['at', 'user', 'event', ...(within === 'task' ? [] : ['about'])];
  return (
    <table className={`plain ${classes.lines}`} data-within={within}>
      <thead>
        <tr>
          {columns.map((name) => (
            <th key={name} scope="col" className={name === 'about' ? classes.beside : undefined}>
              {t(`audit.${name}`)}
            </th>
          ))}
          <th scope="col" className={classes.beside}>
            {t('audit.change')}
          </th>
          <th scope="col" className={shared.wide}>
            {t('audit.result')}
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => {
          const isOpen = opened === String(line.event_log_id);
          const details = detailsOf(line.extra);
          return [
            <tr key={line.event_log_id}>
              <td>
                <button
                  type="button"
                  className={classes.opener}
                  aria-expanded={isOpen}
                  onClick={() => open(isOpen ? undefined : String(line.event_log_id))}
                >
                  <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
                  <span className={classes.onWide}>
                    <Moment at={line.when} />
                  </span>
                  <span className={classes.onNarrow}>
                    <Moment at={line.when} relative />
                  </span>
                </button>
                <div className={classes.below}>
                  <Result status={details.status} />
                </div>
              </td>
              <td className={classes.word}>{line.owner}</td>
              <td className={`${classes.word} ${classes.event}`}>
                <span className="mono" title={line.event}>
                  {line.event}
                </span>
                {within === 'task' && <span className="num dim">{indexOf(line)}</span>}
                {within !== 'task' && (
                  <div className={classes.below}>
                    <About line={line} details={details} isOfDag={within === 'dag'} />
                  </div>
                )}
                <div className={classes.below}>
                  <Short details={details} line={line} within={within} />
                </div>
              </td>
              {within !== 'task' && (
                <td className={`${shared.any} ${classes.beside}`}>
                  <About line={line} details={details} isOfDag={within === 'dag'} />
                </td>
              )}
              <td className={classes.beside}>
                <Short details={details} line={line} within={within} />
              </td>
              <td className={`nowrap ${shared.wide}`}>
                <Result status={details.status} />
              </td>
            </tr>,
            isOpen && (
              <tr key={`${line.event_log_id} details`}>
                <td colSpan={columns.length + 2}>
                  <Details line={line} />
                </td>
              </tr>
            ),
          ];
        })}
      </tbody>
    </table>
  );
}

/** Whether it was done or refused. */
function Result({ status }: Pick<EventDetails, 'status'>) {
  const { t } = useTranslation('manage');
  const isRefused = (status ?? 0) >= REFUSED;
  return (
    <>
      <StateSign state={isRefused ? 'failed' : 'success'} /> {t(isRefused ? 'audit.refused' : 'audit.done')}
      {isRefused && <span className="dim num"> {status}</span>}
    </>
  );
}

const indexOf = ({ map_index: map }: Line) => (map !== null && map >= 0 ? ` [${map}]` : '');

/** The DAG, run and task that a line is about, or else the first thing that changed. */
function About({ line, details, isOfDag }: { line: Line; details: EventDetails; isOfDag: boolean }) {
  const { dag_id: dagId, run_id: runId, task_id: taskId } = line;
  const [first] = details.changes;
  if (dagId === null) {
    return first === undefined ? null : (
      <>
        {first.kind} <span className="mono">{first.name}</span>
      </>
    );
  }
  const map = line.map_index !== null && line.map_index >= 0 ? line.map_index : undefined;
  return (
    <>
      {!isOfDag && (
        <Link to="/dags/$dagId" params={{ dagId }}>
          {line.dag_display_name ?? dagId}
        </Link>
      )}
      {isOfDag && runId !== null && (
        <Link to="/dags/$dagId/runs/$runId" params={{ dagId, runId }} className="mono">
          {runId}
        </Link>
      )}
      {taskId !== null && (
        <>
          {(!isOfDag || runId !== null) && ' / '}
          {runId === null ? (
            <span className="mono">{taskId}</span>
          ) : (
            <Link
              to="/dags/$dagId/runs/$runId"
              params={{ dagId, runId }}
              search={{ task: taskId, map }}
              className="mono"
            >
              {taskId}
              {indexOf(line)}
            </Link>
          )}
        </>
      )}
    </>
  );
}

function Short({ details, line, within }: Pick<Props, 'within'> & { details: EventDetails; line: Line }) {
  const { t } = useTranslation('manage');
  const gist = gistOf(details);
  if (gist === null) return null;
  if (gist.fields.length === 0) {
    const isSaid = [line.dag_id, line.task_id, within && line.run_id].includes(gist.name);
    return (
      <span className={`${classes.gist} ${classes.short}`}>
        {t(`audit.how.${gist.how}`)}
        {!isSaid && <span className="mono"> {gist.name}</span>}
      </span>
    );
  }
  return (
    <span className={classes.gist}>
      {gist.fields.map(({ field, before, after }) => (
        <span key={field}>
          <span className="dim">{field}</span>{' '}
          {before != null && (
            <>
              {shownValue(before)} <span className="dim">→</span>{' '}
            </>
          )}
          {shownValue(after)}
        </span>
      ))}
    </span>
  );
}
