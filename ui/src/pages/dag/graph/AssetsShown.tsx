/** How many of a DAG's assets its graph shows, when they are many; and how one sees the others. */
import { Button, Select } from '@mantine/core';
import { useTranslation } from 'react-i18next';

const OFFERED_MAX = 60;

interface Props {
  assets: readonly { id: number; name: string; uri: string }[];
  shown: number;
  isWhole: boolean;
  /** The asset that was looked for, by its id. */
  found: string | undefined;
  find: (asset: string | undefined) => void;
  showAll: (isAll: boolean) => void;
}

export function AssetsShown({ assets, shown, isWhole, found, find, showAll }: Props) {
  const { t } = useTranslation('dag');
  const names = new Map<string, number>();
  for (const one of assets) names.set(one.name, (names.get(one.name) ?? 0) + 1);
  return (
    <>
      <Select
        size="xs"
        w={200}
        searchable
        clearable
        limit={OFFERED_MAX}
        aria-label={t('graph.findAsset')}
        placeholder={t('graph.findAsset')}
        nothingFoundMessage={t('graph.noAsset')}
        clearButtonProps={{ 'aria-label': t('graph.forgetAsset') }}
        data={assets.map((one) => ({
          value: String(one.id),
          label: (names.get(one.name) ?? 0) > 1 ? `${one.name} · ${one.uri}` : one.name,
        }))}
        value={found ?? null}
        onChange={(value) => find(value ?? undefined)}
      />
      <span className="dim num">{t('graph.assetsOf', { shown, count: assets.length })}</span>
      <Button size="compact-xs" variant="default" onClick={() => showAll(!isWhole)}>
        {t(isWhole ? 'graph.fewerAssets' : 'graph.allAssets')}
      </Button>
    </>
  );
}
