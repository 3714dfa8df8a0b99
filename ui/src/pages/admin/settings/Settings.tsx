/** How this installation is set up: its version, its settings with their origins where they are shown, providers and plugins. */
import { Switch } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { ApiError, client, data } from '@/api/client';
import { wholeOf } from '@/api/whole';
import { Said } from '@/components/Said';
import { Failure, Loading } from '@/components/Waiting';
import { said } from '@/i18n';
import { useMay } from '../rights';
import { Filter, Listing, Part, SectionPage, useFilters } from '../shared/Listing';
import shared from '../shared/shared.module.css';
import classes from './Settings.module.css';

const INSTALLED_MAX = 1000;
const FORBIDDEN = 403;
const DEFAULT = 'default';

const versionQuery = queryOptions({
  queryKey: ['version'],
  queryFn: () => data(client.GET('/api/v2/version')),
  staleTime: Number.POSITIVE_INFINITY,
});
const configQuery = queryOptions({
  queryKey: ['settings'],
  queryFn: () => data(client.GET('/api/windward/v1/settings')),
  staleTime: 60_000,
});
const providersQuery = queryOptions({
  queryKey: ['providers'],
  queryFn: () =>
    wholeOf('providers', INSTALLED_MAX, (query) =>
      data(client.GET('/api/v2/providers', { params: { query } })),
    ),
  staleTime: 60_000,
});
const pluginsQuery = queryOptions({
  queryKey: ['plugins'],
  queryFn: () =>
    wholeOf('plugins', INSTALLED_MAX, (query) => data(client.GET('/api/v2/plugins', { params: { query } }))),
  staleTime: 60_000,
});
const brokenPluginsQuery = queryOptions({
  queryKey: ['plugins', 'broken'],
  queryFn: () => data(client.GET('/api/v2/plugins/importErrors')),
  staleTime: 60_000,
});

function webAddress(text: string | null): string | null {
  return text !== null && /^https?:\/\//.test(text) ? text : null;
}

function Config() {
  const { t } = useTranslation('manage');
  const [{ q, state }] = useFilters();
  const { data: config, error, isPending, refetch } = useQuery(configQuery);
  if (isPending) return <Loading />;
  if (error) {
    if (!(error instanceof ApiError) || error.status !== FORBIDDEN) {
      return <Failure error={error} again={() => void refetch()} />;
    }
    return (
      <div className="card" style={{ padding: 16 }}>
        <strong>{t('settings.hidden')}</strong>
        <div>
          <Said text={error.message} />
        </div>
        <div className="dim">{t('settings.hiddenHint')}</div>
      </div>
    );
  }
  const wanted = (q ?? '').toLowerCase();
  const rows = config.settings.filter(
    (one) =>
      (state !== 'set' || one.origin !== DEFAULT) &&
      `${one.section}.${one.key} ${one.value} ${one.origin} ${said(one.description)}`
        .toLowerCase()
        .includes(wanted),
  );
  return (
    <Listing
      asked={{ error: null, isPending: false, refetch }}
      count={rows.length}
      empty={t('settings.none')}
      emptyHint={t('audit.noneHint')}
    >
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t('key')}</th>
            <th scope="col">{t('value')}</th>
            <th scope="col">{t('settings.origin')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.section}.${row.key}`}>
              <td className={shared.any}>
                <span className="mono">
                  <span className="dim">[{row.section}]</span> {row.key}
                </span>
                {row.description && (
                  <div className={`dim ${classes.about}`}>
                    <Said text={row.description} />
                  </div>
                )}
              </td>
              <td className={`mono ${shared.any}`}>
                {row.value === '' ? <span className="dim">{t('settings.empty')}</span> : row.value}
                {row.origin !== DEFAULT && !row.is_hidden && row.default !== row.value && (
                  <div className="dim">
                    {t('settings.byDefault', { value: row.default || t('settings.empty') })}
                  </div>
                )}
              </td>
              <td className={shared.any}>
                {row.origin === DEFAULT ? (
                  <span className="dim">{t('settings.default')}</span>
                ) : (
                  <strong className="mono">{row.origin}</strong>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Listing>
  );
}

function Providers() {
  const { t } = useTranslation('manage');
  const asked = useQuery(providersQuery);
  const providers = asked.data?.providers ?? [];
  return (
    <Part title={t('settings.providers')}>
      <Listing
        asked={asked}
        count={providers.length}
        empty={t('settings.noProviders')}
        emptyHint={t('settings.noProvidersHint')}
      >
        <table className="plain">
          <tbody>
            {providers.map((one) => {
              const address = webAddress(one.documentation_url);
              return (
                <tr key={one.package_name}>
                  <td className="mono">
                    {address === null ? (
                      one.package_name
                    ) : (
                      <a href={address} target="_blank" rel="noopener noreferrer">
                        {one.package_name}
                      </a>
                    )}
                  </td>
                  <td className="mono num">{one.version}</td>
                  <td className={shared.wide}>{one.description}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Listing>
    </Part>
  );
}

function Plugins() {
  const { t } = useTranslation('manage');
  const asked = useQuery(pluginsQuery);
  const { data: broken } = useQuery(brokenPluginsQuery);
  const plugins = asked.data?.plugins ?? [];
  return (
    <Part title={t('settings.plugins')}>
      <Listing
        asked={asked}
        count={plugins.length}
        empty={t('settings.noPlugins')}
        emptyHint={t('settings.noPluginsHint')}
      >
        <table className="plain">
          <tbody>
            {plugins.map((one) => (
              <tr key={one.name}>
                <td className="mono">{one.name}</td>
                <td className={`mono dim ${shared.any}`}>{one.source}</td>
                <td>
                  <span className={shared.chips}>
                    {Object.entries(one)
                      .filter(([, value]) => Array.isArray(value) && value.length > 0)
                      .map(([name, value]) => (
                        <span key={name} className={`mono ${shared.chip}`}>
                          {name} {(value as unknown[]).length}
                        </span>
                      ))}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Listing>
      {(broken?.import_errors ?? []).map((one) => (
        <div key={one.source} role="alert" className={shared.refusal}>
          <strong className="mono">{one.source}</strong>
          <div className={shared.text}>{one.error}</div>
        </div>
      ))}
    </Part>
  );
}

export default function Settings() {
  const { t } = useTranslation('manage');
  const [search, change] = useFilters();
  const may = useMay();
  const { data: version } = useQuery(versionQuery);
  const { data: config } = useQuery({ ...configQuery, enabled: may('config:read') });
  return (
    <SectionPage section="settings">
      {version && (
        <Part title={t('settings.version')}>
          <span className="mono">
            Windward {version.version}
            {version.git_version && ` (${version.git_version})`}
          </span>
        </Part>
      )}
      {may('config:read') && (
        <Part
          title={t('settings.config')}
          aside={
            config !== undefined && (
              <>
                <Filter name="q" label={t('settings.find')} />
                <Switch
                  size="xs"
                  label={t('settings.onlySet')}
                  checked={search.state === 'set'}
                  onChange={(event) => change({ state: event.currentTarget.checked ? 'set' : undefined })}
                />
              </>
            )
          }
        >
          <Config />
        </Part>
      )}
      {may('provider:read') && <Providers />}
      {may('plugin:read') && <Plugins />}
    </SectionPage>
  );
}
