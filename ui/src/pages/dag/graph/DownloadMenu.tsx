/** Keeping the picture of the graph as a file. */
import { Button, Menu } from '@mantine/core';
import type { RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { tellFailure } from '@/app/telling';
import type { Way } from '@/components/graph/Ways';
import type { Drawing, Format } from './download';
import type { ShownNode } from './GraphNodes';

interface Props extends Pick<Drawing, 'name' | 'title'> {
  nodes: readonly ShownNode[];
  ways: readonly Way[];
  of: RefObject<HTMLElement | null>;
}

export function DownloadMenu({ of, ...drawing }: Props) {
  const { t } = useTranslation('dag');
  const keep = async (format: Format) => {
    if (of.current === null) return;
    try {
      const { download } = await import('./download');
      await download(format, { ...drawing, of: of.current });
    } catch (error) {
      tellFailure(error instanceof Error ? error : new Error(String(error)));
    }
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button size="xs" variant="default" rightSection="▾" disabled={drawing.nodes.length === 0}>
          {t('graph.download')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => void keep('svg')}>{t('graph.svg')}</Menu.Item>
        <Menu.Item onClick={() => void keep('png')}>{t('graph.png')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
