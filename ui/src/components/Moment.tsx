/** A moment, in the viewer's zone, with its distance from now and its other zones on hover. */
import { Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useNow, useZone } from '@/app/preferences';
import { localZone, showDistance, showMoment } from '@/lib/time';

interface MomentProps {
  at: string | null | undefined;
  /** A zone beside UTC and the viewer's own: the DAG's. */
  zone?: string | null;
  /** Show the distance from now instead of the date. */
  relative?: boolean;
  withSeconds?: boolean;
}

export function Moment({ at, zone, relative = false, withSeconds = true }: MomentProps) {
  const { i18n } = useTranslation();
  const [chosen] = useZone();
  const now = useNow();
  if (at == null) return <span className="dim">–</span>;
  const distance = showDistance(at, now, i18n.language);
  const zones = [...new Set(['UTC', ...(zone ? [zone] : []), localZone()])];
  const label = (
    <div className="num">
      <div>{distance}</div>
      {zones.map((one) => (
        <div key={one}>
          {showMoment(at, one)} <span>({one})</span>
        </div>
      ))}
    </div>
  );
  return (
    <Tooltip label={label} withArrow openDelay={300}>
      <time dateTime={at} className="num nowrap">
        {relative ? distance : showMoment(at, chosen, withSeconds)}
      </time>
    </Tooltip>
  );
}
