/** A value, written so that people read it. Text only: nothing of it is markup. */
import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Copy } from '@/components/Copy';
import classes from './Run.module.css';

const SHOWN_MAX = 20_000;

export function Json({ value, label }: { value: unknown; label: string }) {
  const { t } = useTranslation('run');
  const [isWhole, setWhole] = useState(false);
  const text = useMemo(
    () => (typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? 'null')),
    [value],
  );
  const isLong = text.length > SHOWN_MAX;
  return (
    <div className={classes.json}>
      <div className={classes.jsonTools}>
        {isLong && <span className="dim num">{t('json.size', { count: text.length })}</span>}
        {isLong && (
          <Button size="compact-xs" variant="subtle" onClick={() => setWhole(!isWhole)}>
            {t(isWhole ? 'json.less' : 'json.whole')}
          </Button>
        )}
        <Copy value={text}>
          {({ copied, copy }) => (
            <Button
              size="compact-xs"
              variant="subtle"
              onClick={copy}
              aria-label={t('json.copyOf', { name: label })}
            >
              {t(copied ? 'json.copied' : 'json.copy')}
            </Button>
          )}
        </Copy>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys. */}
      <pre tabIndex={0}>{isLong && !isWhole ? `${text.slice(0, SHOWN_MAX)}…` : text}</pre>
    </div>
  );
}
