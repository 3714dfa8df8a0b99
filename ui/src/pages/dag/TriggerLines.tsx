/** Lines for a shell, to be copied. */
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Copy } from '@/components/Copy';
import classes from './TriggerForm.module.css';

export function TriggerLines({
  curl,
  command,
  hasSecret,
}: {
  curl: string;
  command: string;
  hasSecret: boolean;
}) {
  const { t } = useTranslation('trigger');
  return (
    <div className={classes.lines}>
      {[
        ['CLI', command],
        ['curl', curl],
      ].map(([name, line]) => (
        <div key={name} className={classes.line}>
          <span className={classes.lineName}>{name}</span>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys. */}
          <pre tabIndex={0}>{line}</pre>
          <Copy value={line ?? ''}>
            {({ copied, copy }) => (
              <Button size="compact-xs" variant="default" onClick={copy} aria-label={t('copyOf', { name })}>
                {t(copied ? 'copied' : 'copy')}
              </Button>
            )}
          </Copy>
        </div>
      ))}
      {hasSecret && <p className="dim">{t('secretHint')}</p>}
    </div>
  );
}
