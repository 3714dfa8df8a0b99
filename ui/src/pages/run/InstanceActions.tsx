/** What can be done to an instance, or to all of a mapped task. */
import { Button, Menu } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMayTo } from '@/app/rights';
import { StateWord } from '@/components/State';
import type { Action, Reach, Target } from './actions';
import { ChangeDialog } from './Dialogs';
import classes from './Run.module.css';

const MARKS = ['success', 'failed', 'skipped'] as const;

export function InstanceActions({ target, state }: { target: Target; state: string | null | undefined }) {
  const { t } = useTranslation('run');
  const [asked, setAsked] = useState<{ action: Action; begin?: Partial<Reach> } | null>(null);
  const mayTo = useMayTo({ dag_id: target.dagId });
  if (!mayTo('task_instance:edit')) return null;
  return (
    <div className={classes.actions}>
      <Button size="compact-xs" variant="default" onClick={() => setAsked({ action: { kind: 'clear' } })}>
        {t('act.clearMore')}
      </Button>
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => setAsked({ action: { kind: 'clear' }, begin: { downstream: true } })}
      >
        {t('act.fromHere')}
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button size="compact-xs" variant="default" rightSection="▾">
            {t('act.markMore')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {MARKS.map((mark) => (
            <Menu.Item
              key={mark}
              disabled={state === mark}
              onClick={() => setAsked({ action: { kind: 'mark', state: mark } })}
            >
              <StateWord state={mark} />
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {asked && (
        <ChangeDialog
          target={target}
          action={asked.action}
          begin={asked.begin}
          close={() => setAsked(null)}
        />
      )}
    </div>
  );
}
