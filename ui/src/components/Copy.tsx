/** Copying a text; also where a page has no clipboard, as at an address without TLS. */
import i18next from 'i18next';
import { type ReactNode, useEffect, useState } from 'react';
import { tellFailure } from '@/app/telling';

const SAID_MS = 2_000;

/** Copy a text, and return whether that was possible. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS there is no clipboard, and a browser may refuse the one there is.
    return copyChosen(text);
  }
}

/** Copy a text as people do: choose it, and copy what is chosen. */
function copyChosen(text: string): boolean {
  const before = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  Object.assign(area.style, { position: 'fixed', top: '0', opacity: '0' });
  // A dialog lets nothing outside of it have the focus.
  (before?.closest('[role=dialog]') ?? document.body).append(area);
  area.focus();
  area.select();
  const isDone = document.execCommand('copy');
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return isDone;
}

interface Props {
  value: string;
  children: (how: { copied: boolean; copy: () => void }) => ReactNode;
}

/** What copies a text when it is pressed: it knows for a moment that it did, and tells when it could not. */
export function Copy({ value, children }: Props) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    const isDone = await copyText(value);
    setCopied(isDone);
    if (!isDone) tellFailure(new Error(i18next.t('notCopied')));
  };
  return children({ copied, copy: () => void copy() });
}
