/** What runs now, what failed and why, and what comes next. */
import { useTranslation } from 'react-i18next';
import { Page } from '@/components/Page';

export function Home() {
  const { t } = useTranslation();
  return (
    <Page title={t('home.title')} name={t('home.title')}>
      {null}
    </Page>
  );
}
