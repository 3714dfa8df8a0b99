/** How full a pool was in the last hours, as a small picture. */
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { useZone } from '@/app/preferences';
import { showMoment } from '@/lib/time';
import classes from './Pools.module.css';
import { outlineOf } from './use';

const WIDTH = 288;
const HEIGHT = 36;

interface Props {
  name: string;
  slots: number;
  use: Schema['PoolUseResponse'] | undefined;
  over: Schema['PoolUseCollectionResponse'];
}

export function UseChart({ name, slots, use, over }: Props) {
  const { t } = useTranslation('manage');
  const [zone] = useZone();
  if (use === undefined) return <span className="dim">{t('pools.unused')}</span>;
  const { running, queued, full, most } = outlineOf(use, slots, WIDTH, HEIGHT);
  const said = t('pools.useSaid', {
    name,
    most: round(most),
    waited: round(Math.max(0, ...use.queued)),
    from: showMoment(over.begin, zone, false),
  });
  return (
    <figure className={classes.use}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        width="100%"
        height={HEIGHT}
        preserveAspectRatio="none"
        role="img"
        aria-label={said}
      >
        <title>{said}</title>
        <path d={queued} className={classes.queued} />
        <path d={running} className={classes.running} />
        {full !== null && <path d={`M0,${full}H${WIDTH}`} className={classes.full} />}
      </svg>
      <figcaption className="dim num">
        {t(slots > 0 ? 'pools.mostOf' : 'pools.most', { most: round(most), slots })}
      </figcaption>
    </figure>
  );
}

const round = (value: number) => Number(value.toPrecision(value >= 100 ? 3 : 2));
