/** What belongs to the installation rather than to one DAG: a section each, loaded when it is looked at. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ComponentType, lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { meQuery } from '@/api/queries';
import { SECTIONS } from '@/app/sections';
import { Page } from '@/components/Page';
import { Empty, Loading } from '@/components/Waiting';
import { may } from './rights';

const route = getRouteApi('/admin/$section');

interface Section {
  /** What one must be allowed to see anything of it. */
  needs: string | null;
  View: ComponentType;
}

const VIEWS: Record<(typeof SECTIONS)[number], Section> = {
  workers: { needs: 'job:read', View: lazy(() => import('./workers/Workers')) },
  pools: { needs: 'pool:read', View: lazy(() => import('./pools/Pools')) },
  assets: { needs: 'asset:read', View: lazy(() => import('./assets/Assets')) },
  xcoms: { needs: 'xcom:read', View: lazy(() => import('./xcoms/XComs')) },
  variables: { needs: 'variable:read', View: lazy(() => import('./variables/Variables')) },
  connections: { needs: 'connection:read', View: lazy(() => import('./connections/Connections')) },
  'import-errors': { needs: 'import_error:read', View: lazy(() => import('./import-errors/ImportErrors')) },
  inbox: { needs: 'human_input:read', View: lazy(() => import('./inbox/Inbox')) },
  audit: { needs: 'audit_log:read', View: lazy(() => import('./audit/Audit')) },
  users: { needs: null, View: lazy(() => import('./users/Users')) },
  settings: { needs: null, View: lazy(() => import('./settings/Settings')) },
};

export function Admin() {
  const { t } = useTranslation('manage');
  const { section } = route.useParams();
  const { data: me } = useQuery(meQuery);
  const name = SECTIONS.find((one) => one === section);
  if (name === undefined) {
    return (
      <Page title={section} name={section}>
        <Empty title={t('noSection')}>{t('noSectionHint')}</Empty>
      </Page>
    );
  }
  if (me === undefined) return <Loading />;
  const found = VIEWS[name];
  if (found.needs !== null && !may(me, found.needs)) {
    const title = t(`common:admin.${section}.title`);
    return (
      <Page title={title} name={title}>
        <Empty title={t('notAllowed')}>{t('notAllowedHint', { permission: found.needs })}</Empty>
      </Page>
    );
  }
  return (
    <Suspense fallback={<Loading />}>
      <found.View key={section} />
    </Suspense>
  );
}
