/** A row of a log: its time and level, its text in pieces, and what folds or opens by it. */
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { showMoment } from '@/lib/time';
import classes from './Log.module.css';
import { piecesOf } from './pieces';
import type { LogStore } from './store';

export interface RowProps {
  store: LogStore;
  zone: string;
  hasTimes: boolean;
  /** What is looked for. */
  wanted: string;
  fold: (group: number) => void;
  foldFrames: (frames: number) => void;
  row: number;
  isChosen: boolean;
  /** How many rows a group hides, or -1 when it is open. */
  hidden: number;
  /** The frames that it is the first of, or -1: how many they are, and whether it stands for all. */
  frames: number;
  frameCount: number;
  areFolded: boolean;
}

// What a row says is settled when it came: while one scrolls, only rows that come into sight are rendered.
export const OneRow = memo(function OneRow(props: RowProps) {
  const { row: number, store, zone, hasTimes, wanted, fold, foldFrames, frames, ...now } = props;
  const row = store.row(number);
  const depth = store.depth(number);
  const time = row.at === '' ? '' : clock(row.at, zone);
  return (
    <div
      className={classes.row}
      data-level={row.level}
      data-kind={row.kind}
      data-chosen={now.isChosen || undefined}
    >
      {hasTimes && (
        <span className={classes.time} title={row.at === '' ? undefined : showMoment(row.at, zone)}>
          {time}
        </span>
      )}
      <span className={classes.level} aria-hidden={row.at === ''}>
        {row.at === '' || row.level === 'info'
          ? ''
          : row.level === 'warning'
            ? 'WARN'
            : row.level.toUpperCase()}
      </span>
      <span className={classes.text} style={depth > 0 ? { paddingLeft: depth * 16 } : undefined}>
        {row.kind === 'group' ? (
          <GroupHead text={row.text} hidden={now.hidden} fold={() => fold(row.group)} />
        ) : (
          !now.areFolded && <Pieces text={row.text} wanted={wanted} />
        )}
        {frames >= 0 && (
          <FramesHead
            count={now.frameCount}
            of={store.frames.found[frames]?.of ?? NOBODY}
            isFolded={now.areFolded}
            fold={() => foldFrames(frames)}
          />
        )}
        {row.extra !== '' && <span className={classes.extra}> {row.extra}</span>}
      </span>
    </div>
  );
});

function GroupHead({ text, hidden, fold }: { text: string; hidden: number; fold: () => void }) {
  const { t } = useTranslation('run');
  const isFolded = hidden >= 0;
  return (
    <button type="button" className={classes.fold} aria-expanded={!isFolded} onClick={fold}>
      <span aria-hidden>{isFolded ? '▸' : '▾'} </span>
      {text}
      {isFolded && <span className="dim"> {t('log.more', { count: hidden })}</span>}
    </button>
  );
}

const NOBODY: ReadonlySet<string> = new Set();
const NAMES_MAX = 3;

function FramesHead({
  count,
  of,
  isFolded,
  fold,
}: {
  count: number;
  of: ReadonlySet<string>;
  isFolded: boolean;
  fold: () => void;
}) {
  const { t } = useTranslation('run');
  const names = [...of].slice(0, NAMES_MAX).join(', ') + (of.size > NAMES_MAX ? ', …' : '');
  const label = t('log.frames', { count, of: names });
  // Open, it stands in the indentation of the first frame: behind the text it would be out of sight.
  return isFolded ? (
    <button
      type="button"
      className={`${classes.fold} ${classes.frames}`}
      aria-expanded={false}
      onClick={fold}
    >
      <span aria-hidden>▸ </span>
      {label}
    </button>
  ) : (
    <button
      type="button"
      className={`${classes.fold} ${classes.frames} ${classes.framesOpen}`}
      aria-expanded
      aria-label={label}
      title={label}
      onClick={fold}
    >
      ▾
    </button>
  );
}

function Pieces({ text, wanted }: { text: string; wanted: string }) {
  let end = 0;
  return piecesOf(text, wanted).map((piece) => {
    // Its name is where it begins.
    const begin = end;
    end += piece.text.length;
    const names = piece.styles.map((name) => classes[name]).filter(Boolean);
    if (piece.isMatch) names.push(classes.match);
    const shared = {
      className: names.length > 0 ? names.join(' ') : undefined,
      style:
        piece.colour === null && piece.ground === null
          ? undefined
          : {
              ...(piece.colour && { color: piece.colour }),
              ...(piece.ground && { background: piece.ground }),
            },
    };
    if (piece.href !== null) {
      return (
        <a {...shared} key={begin} href={piece.href} target="_blank" rel="noopener noreferrer">
          {piece.text}
        </a>
      );
    }
    return shared.className === undefined && shared.style === undefined ? (
      piece.text
    ) : (
      <span {...shared} key={begin}>
        {piece.text}
      </span>
    );
  });
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** The time of the day: the date and the zone are said on hover and above. */
function clock(at: string, zone: string): string {
  let format = clocks.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      fractionalSecondDigits: 3,
      hourCycle: 'h23',
    });
    clocks.set(zone, format);
  }
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '' : format.format(date);
}
