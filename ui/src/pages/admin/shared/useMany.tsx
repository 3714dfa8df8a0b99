/** Choosing entries of a list of the installation, to delete them together: boxes and a bar for whoever may. */
import { lazy, type ReactNode, Suspense } from 'react';
import { AllBox, cell, OneBox } from '@/components/many/Boxes';
import { useChosen } from '@/components/many/useChosen';
import { needWords } from '@/i18n';
import { useMay } from '../rights';

const DestroyMany = lazy(async () => {
  await needWords('many');
  return import('./DestroyMany');
});
const keyOf = (name: string) => name;

interface Options {
  kind: 'variables' | 'connections' | 'pools';
  /** What one must be allowed to do. */
  permission: string;
  /** Names of those that are shown and can be deleted. */
  shown: string[];
  filter: string | undefined;
  hint: string;
}

interface Many {
  /** The first cell of the head; nothing for who may not. */
  head: ReactNode;
  /** The first cell of a row. */
  cellOf: (name: string) => ReactNode;
  bar: ReactNode;
}

export function useMany({ kind, permission, shown, filter, hint }: Options): Many {
  const may = useMay();
  const chosen = useChosen<string>({ about: filter ?? '', shown, keyOf });
  if (!may(permission)) return { head: null, cellOf: () => null, bar: null };
  return {
    head: (
      <th className={cell}>
        <AllBox chosen={chosen} />
      </th>
    ),
    cellOf: (name) => (
      <td className={cell}>
        {shown.includes(name) && (
          <OneBox name={name} isChosen={chosen.has(name)} press={(isRange) => chosen.press(name, isRange)} />
        )}
      </td>
    ),
    bar: chosen.rows.length > 0 && (
      <Suspense>
        <DestroyMany kind={kind} chosen={chosen} hint={hint} />
      </Suspense>
    ),
  };
}
