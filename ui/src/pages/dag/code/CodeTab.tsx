/** The code of a DAG in each of its versions, and what differs between two. */
import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useZone } from '@/app/preferences';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { showMoment } from '@/lib/time';
import { diffLines, folded } from '@/pages/dag/code/diff';
import { Source } from '@/pages/dag/code/Source';
import { codeFileQuery, codeQuery, detailsQuery, versionsQuery } from '@/pages/dag/queries';
import pageClasses from '../Dag.module.css';
import classes from './Code.module.css';

const route = getRouteApi('/dags/$dagId');
const AROUND = 3;
const SIGNS = { same: ' ', added: '+', removed: '−' } as const;

/** How many versions a menu shows; a part of a number or of a date finds others. */
const OPTIONS_SHOWN = 100;

function Diff({ before, after }: { before: string; after: string }) {
  const { t } = useTranslation('dag');
  const lines = useMemo(() => folded(diffLines(before, after), AROUND), [before, after]);
  if (before === after) return <Empty title={t('code.same')}>{t('code.sameHint')}</Empty>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section className={`card ${classes.diff}`} aria-label={t('code.diff')} tabIndex={0}>
      <table>
        <tbody>
          {lines.map((line, at) =>
            line.kind === 'fold' ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: a list that does not change
              <tr key={at} className={classes.fold}>
                <td colSpan={4}>{t('code.sameLines', { count: line.count })}</td>
              </tr>
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: a list that does not change
              <tr key={at} className={line.kind === 'same' ? undefined : classes[line.kind]}>
                <td className={classes.number}>{line.before}</td>
                <td className={classes.number}>{line.after}</td>
                <td className={classes.sign} aria-label={t(`code.${line.kind}`)}>
                  {SIGNS[line.kind]}
                </td>
                <td>{line.text}</td>
              </tr>
            ),
          )}
        </tbody>
      </table>
    </section>
  );
}

export function CodeTab({ dagId }: { dagId: string }) {
  const { t } = useTranslation('dag');
  const [zone] = useZone();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: versions, error, isPending, refetch } = useQuery(versionsQuery(dagId));
  const { data: dag } = useQuery(detailsQuery(dagId));
  const newest = versions?.dag_versions[0]?.version_number ?? 0;
  const isOld = newest > 0 && (dag?.latest_dag_version?.version_number ?? 0) > newest;
  // The page learns of a new version by itself, and of all of them here.
  useEffect(() => {
    if (isOld) void refetch();
  }, [isOld, refetch]);
  const version = search.version ?? versions?.dag_versions[0]?.version_number;
  const { against } = search;
  const code = useQuery({ ...codeQuery(dagId, version ?? 0), enabled: version !== undefined });
  const earlier = useQuery({ ...codeQuery(dagId, against ?? 0), enabled: against !== undefined });
  const files = code.data?.files ?? [];
  const path =
    files.find((file) => file.path === search.file)?.path ??
    files.find((file) => file.is_declaring)?.path ??
    files[0]?.path;
  const isThere = earlier.data?.files.some((file) => file.path === path) ?? false;
  const file = useQuery({
    ...codeFileQuery(dagId, version ?? 0, path ?? ''),
    enabled: version !== undefined && path !== undefined,
  });
  const earlierFile = useQuery({
    ...codeFileQuery(dagId, against ?? 0, path ?? ''),
    enabled: against !== undefined && path !== undefined && isThere,
  });
  const choose = (what: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...what }), resetScroll: false });
  const changed = new Set(
    earlier.data === undefined
      ? []
      : files
          .filter((one) => earlier.data.files.find((other) => other.path === one.path)?.sha256 !== one.sha256)
          .map((one) => one.path),
  );
  const options = (versions?.dag_versions ?? []).map((one) => ({
    value: String(one.version_number),
    label: t('code.versionOf', {
      version: one.version_number,
      at: showMoment(one.created_at, zone, false),
    }),
  }));
  const failure = error ?? code.error ?? file.error ?? earlier.error ?? earlierFile.error;
  const isReady =
    against === undefined || (earlier.data !== undefined && (!isThere || earlierFile.data !== undefined));
  return (
    <div>
      <div className={pageClasses.tools}>
        <Select
          size="xs"
          w={250}
          searchable={options.length > OPTIONS_SHOWN}
          limit={OPTIONS_SHOWN}
          label={t('code.version')}
          allowDeselect={false}
          data={options}
          value={version === undefined ? null : String(version)}
          onChange={(value) => choose({ version: Number(value) })}
        />
        <Select
          size="xs"
          w={250}
          clearable
          searchable={options.length > OPTIONS_SHOWN}
          limit={OPTIONS_SHOWN}
          label={t('code.against')}
          placeholder={t('code.nothing')}
          data={options.filter((one) => one.value !== String(version))}
          value={against === undefined ? null : String(against)}
          onChange={(value) => choose({ against: value === null ? undefined : Number(value) })}
        />
        {files.length > 1 && (
          <Select
            size="xs"
            w={300}
            searchable
            label={t('code.file')}
            allowDeselect={false}
            data={files.map((one) => ({
              value: one.path,
              label: `${changed.has(one.path) ? '± ' : ''}${one.path}`,
            }))}
            value={path ?? null}
            onChange={(value) => choose({ file: value ?? undefined })}
          />
        )}
        {files.length === 1 && <span className={`mono dim ${pageClasses.foot}`}>{path}</span>}
      </div>
      {failure && <Failure error={failure} />}
      {(isPending || (version !== undefined && file.isPending && !failure)) && <Loading />}
      {versions !== undefined && versions.dag_versions.length === 0 && (
        <Empty title={t('code.none')}>{t('code.noneHint')}</Empty>
      )}
      {file.data !== undefined &&
        isReady &&
        (against === undefined ? (
          <div className="card">
            <Source text={file.data.content} label={file.data.path} />
          </div>
        ) : (
          <Diff before={isThere ? (earlierFile.data?.content ?? '') : ''} after={file.data.content} />
        ))}
    </div>
  );
}
