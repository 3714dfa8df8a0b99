/** The dialog that makes a run; its form comes when it is first opened. */
import { lazy, Suspense } from 'react';
import { needWords } from '@/i18n';
import type { Conf } from './TriggerSchema';

const Form = lazy(async () => {
  await needWords('trigger');
  return { default: (await import('./TriggerForm')).TriggerForm };
});

export interface TriggerProps {
  dagId: string;
  close: () => void;
  /** What the form begins with, instead of the defaults: the conf of an earlier run. */
  conf?: Conf;
}

export function TriggerDialog(props: TriggerProps) {
  return (
    <Suspense fallback={null}>
      <Form {...props} />
    </Suspense>
  );
}
