/** Short messages about what a person just did. What shows them is loaded with the first. */
import i18next from 'i18next';
import { lazy, type ReactNode, Suspense, useSyncExternalStore } from 'react';
import { ApiError } from '@/api/client';
import { Said } from '@/components/Said';

const Notices = lazy(() => import('./Notices'));
const listeners = new Set<() => void>();
let isNeeded = false;

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

type Notice = {
  color: string;
  title?: string;
  message: ReactNode;
  /** When it goes by itself, in milliseconds; never, unless somebody closes it. */
  autoClose: number | false;
};

async function tell(notice: Notice) {
  const { notifications } = await import('./Notices');
  isNeeded = true;
  for (const listener of listeners) listener();
  notifications.show({ ...notice, closeButtonProps: { 'aria-label': i18next.t('toldClose') } });
}

export function tellFailure(error: Error): void {
  const title = i18next.t('failure.title');
  const message = [error.message, error instanceof ApiError ? error.hint : ''].filter(Boolean);
  void tell({
    color: 'red',
    title,
    message: message.map((one) => (
      <p key={one} style={{ margin: 0 }}>
        <Said text={one} />
      </p>
    )),
    autoClose: 10_000,
  });
}

export function tellDone(message: string): void {
  void tell({ color: 'teal', message, autoClose: 4_000 });
}

/** Tell that a watched run has ended: what the browser does not tell as well stays until somebody closes it. */
export function tellEnd(
  title: string,
  run: { name: string; address: string; isFailed: boolean },
  isToldElsewhere: boolean,
): void {
  const message = (
    <a href={run.address} className="mono">
      {run.name}
    </a>
  );
  const color = run.isFailed ? 'red' : 'teal';
  void tell({ color, title, message, autoClose: isToldElsewhere ? 10_000 : false });
}

/** Where messages appear. */
export function Told() {
  const isShown = useSyncExternalStore(listen, () => isNeeded);
  return <Suspense fallback={null}>{isShown && <Notices />}</Suspense>;
}
