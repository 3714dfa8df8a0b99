/** What stands in a page's place: while it loads (nothing at first), when it fails, when there is nothing. */
import { Button, Loader } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/client';
import { Said } from '@/components/Said';

const PATIENCE_MS = 300;

/** A spinner, after a moment: what is quick shows none. */
export function Loading() {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div role="status" aria-label="…" style={{ padding: 24, minHeight: 72 }}>
      {isLate && <Loader size="sm" />}
    </div>
  );
}

export function Failure({ error, again }: { error: Error; again?: () => void }) {
  const { t } = useTranslation();
  const status = error instanceof ApiError ? error.status : null;
  const own = status === 0 ? t('failure.offline') : status === 403 ? t('failure.forbidden') : null;
  const advice = error instanceof ApiError ? error.hint : '';
  return (
    <div role="alert" className="card" style={{ padding: 16, borderColor: 'var(--state-failed)' }}>
      <strong>{t('failure.title')}</strong>
      <div>
        <Said text={error.message} />
      </div>
      {own !== null && <div className="dim">{own}</div>}
      {advice !== '' && (
        <div className="dim">
          <Said text={advice} />
        </div>
      )}
      {again && (
        <Button mt={8} size="xs" variant="default" onClick={again}>
          {t('failure.again')}
        </Button>
      )}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div style={{ padding: '40px 16px', textAlign: 'center' }}>
      <div style={{ fontWeight: 600 }}>{title}</div>
      {children && (
        <div className="dim">{typeof children === 'string' ? <Said text={children} /> : children}</div>
      )}
    </div>
  );
}

/** What stands at an address that leads nowhere. */
export function Nowhere() {
  const { t } = useTranslation();
  return (
    <Empty title={t('nowhere.title')}>
      <div>{t('nowhere.hint')}</div>
      <a href="/">{t('nav.home')}</a>
    </Empty>
  );
}
