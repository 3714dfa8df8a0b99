/** What one line of the audit log holds: each thing that changed, from where, and what was asked. */
import { useTranslation } from 'react-i18next';
import shared from '../shared/shared.module.css';
import classes from './Audit.module.css';
import { type Change, detailsOf, type Line, shownValue } from './event';

function Changes({ changes, more }: { changes: Change[]; more: number }) {
  const { t } = useTranslation('manage');
  return (
    <>
      {changes.map((change, number) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: changes of one line have no other names
        <div key={number} className={classes.change}>
          <div>
            <strong>{t(`audit.how.${change.how}`)}</strong> {change.kind}{' '}
            <span className={`mono ${shared.any}`}>{change.name}</span>
          </div>
          {change.fields.length > 0 && (
            <table className={classes.fields}>
              <thead>
                <tr>
                  <th scope="col">{t('audit.field')}</th>
                  {change.how !== 'made' && <th scope="col">{t('audit.before')}</th>}
                  {change.how !== 'gone' && <th scope="col">{t('audit.after')}</th>}
                </tr>
              </thead>
              <tbody>
                {change.fields.map((one) => (
                  <tr key={one.field}>
                    <th scope="row">{one.field}</th>
                    {change.how !== 'made' && (
                      <td>
                        <del>{shownValue(one.before)}</del>
                      </td>
                    )}
                    {change.how !== 'gone' && (
                      <td>
                        <ins>{shownValue(one.after)}</ins>
                      </td>
                    )}
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </div>
      ))}
      {more > 0 && <div className="dim">{t('workers.more', { count: more })}</div>}
    </>
  );
}

export function Details({ line }: { line: Line }) {
  const { t } = useTranslation('manage');
  const details = detailsOf(line.extra);
  const facts: [string, string][] = [
    [t('audit.address'), details.address],
    [t('audit.credential'), details.credential],
    [t('run'), line.run_id ?? ''],
    [
      t('task'),
      `${line.task_id ?? ''}${line.map_index != null && line.map_index >= 0 ? ` [${line.map_index}]` : ''}`,
    ],
    ...Object.entries(details.rest).map(
      ([name, value]) =>
        [t(`audit.parts.${name}`, { defaultValue: name }), shownValue(value)] as [string, string],
    ),
  ];
  return (
    <div className={classes.details}>
      <Changes changes={details.changes} more={details.more} />
      <dl className={shared.facts}>
        {facts
          .filter(([, value]) => value !== '' && value !== '–')
          .map(([name, value]) => [
            <dt key={`${name} name`}>{name}</dt>,
            <dd key={name} className="mono">
              {value}
            </dd>,
          ])}
      </dl>
    </div>
  );
}
