/** Short messages about what a person just did. What shows them is loaded with the first. */
import i18next from 'i18next';
import { lazy, Suspense, useSyncExternalStore } from 'react';
import { said } from '@/i18n';

const Notices = lazy(() => import('./Notices'));
const listeners = new Set<() => void>();
let isNeeded = false;

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function tell(notice: { color: string; title?: string; message: string; autoClose: number }) {
  const { notifications } = await import('./Notices');
  isNeeded = true;
  for (const listener of listeners) listener();
  notifications.show({ ...notice, closeButtonProps: { 'aria-label': i18next.t('toldClose') } });
}

export function tellFailure(error: Error): void {
  const title = i18next.t('failure.title');
  void tell({ color: 'red', title, message: said(error.message), autoClose: 10_000 });
}

export function tellDone(message: string): void {
  void tell({ color: 'teal', message, autoClose: 4_000 });
}

/** Where messages appear. */
export function Told() {
  const isShown = useSyncExternalStore(listen, () => isNeeded);
  return <Suspense fallback={null}>{isShown && <Notices />}</Suspense>;
}
