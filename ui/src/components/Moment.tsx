/** A moment, in the viewer's zone, with its distance from now and its other zones on hover. */
import { Tooltip } from '@mantine/core';
import { memo, useState } from 'react';
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
  /** Leave the viewer's zone away, where the next word names it. */
  isBare?: boolean;
}

export function Moment({ at, zone, relative = false, withSeconds = true, isBare = false }: MomentProps) {
  const [chosen] = useZone();
  const [isNear, setNear] = useState(false);
  if (at == null) return <span className="dim">–</span>;
  const shown = relative ? (
    <Distance at={at} />
  ) : (
    <Shown at={at} zone={chosen} withSeconds={withSeconds} isBare={isBare} />
  );
  // Tables have hundreds of moments: the pointer is near to one of them.
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: what it shows on hover is in the page's words elsewhere
    <span className="num nowrap" onMouseEnter={() => setNear(true)} onMouseLeave={() => setNear(false)}>
      {isNear ? (
        <Tooltip label={<Zones at={at} zone={zone} />} withArrow opened position="top">
          <time dateTime={at}>{shown}</time>
        </Tooltip>
      ) : (
        <time dateTime={at}>{shown}</time>
      )}
    </span>
  );
}

const Shown = memo(function Shown({
  at,
  zone,
  withSeconds,
  isBare,
}: {
  at: string;
  zone: string;
  withSeconds: boolean;
  isBare: boolean;
}) {
  const shown = showMoment(at, zone, withSeconds);
  return isBare ? shown.slice(0, shown.lastIndexOf(' ')) : shown;
});

function Distance({ at }: { at: string }) {
  const { i18n } = useTranslation();
  return showDistance(at, useNow(), i18n.language);
}

function Zones({ at, zone }: { at: string; zone: string | null | undefined }) {
  const zones = [...new Set(['UTC', ...(zone ? [zone] : []), localZone()])];
  return (
    <div className="num">
      <div>
        <Distance at={at} />
      </div>
      {zones.map((one) => (
        <div key={one}>
          {showMoment(at, one)} <span>({one})</span>
        </div>
      ))}
    </div>
  );
}
