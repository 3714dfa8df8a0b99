/** Oneself, users and roles. */
import { SegmentedControl } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useMay } from '../rights';
import { SectionPage, useFilters } from '../shared/Listing';
import shared from '../shared/shared.module.css';
import { Myself } from './Myself';
import { People } from './People';
import { Roles } from './Roles';

export default function Users() {
  const { t } = useTranslation('manage');
  const may = useMay();
  const [search, change] = useFilters();
  const tabs = ['me', ...(may('user:read') ? ['people'] : []), ...(may('role:read') ? ['roles'] : [])];
  const tab = tabs.includes(search.tab ?? '') ? search.tab : (tabs[1] ?? 'me');
  return (
    <SectionPage section="users">
      {tabs.length > 1 && (
        <div className={shared.filters}>
          <SegmentedControl
            size="xs"
            aria-label={t('users.tabs')}
            data={tabs.map((value) => ({ value, label: t(`users.tab.${value}`) }))}
            value={tab ?? 'me'}
            onChange={(value) => change({ tab: value, item: undefined })}
          />
        </div>
      )}
      {tab === 'people' && <People />}
      {tab === 'roles' && <Roles />}
      {tab === 'me' && <Myself />}
    </SectionPage>
  );
}
