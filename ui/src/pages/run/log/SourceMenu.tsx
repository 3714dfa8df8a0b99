/** Whose lines of a log are shown: streams, loggers and windward, with how many lines each wrote. */
import { Button, Menu } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import classes from './Log.module.css';
import { KINDS, type Kind, loggerSource, type Sources } from './sources';

interface Props {
  sources: Sources;
  chosen: readonly string[];
  choose: (sources: readonly string[]) => void;
}

export function SourceMenu({ sources, chosen, choose }: Props) {
  const { t } = useTranslation('run');
  const sum = (kind: Kind) =>
    sources.all.reduce((lines, one) => lines + (one.kind === kind ? one.lines : 0), 0);
  const loggers = sources.all.filter((one) => one.kind === 'task' && one.logger !== '');
  // What an address asks for is offered, although the log may not have it.
  const missing = chosen
    .filter((one) => one.startsWith(loggerSource('')))
    .map((one) => one.slice(loggerSource('').length))
    .filter((name) => !loggers.some((one) => one.logger === name))
    .map((logger) => ({ logger, lines: 0 }));
  const all = [...loggers, ...missing].sort((left, right) => left.logger.localeCompare(right.logger));
  const [first] = chosen;
  const label =
    first === undefined
      ? t('log.sources.all')
      : chosen.length > 1
        ? t('log.sources.some', { count: chosen.length })
        : first.startsWith(loggerSource(''))
          ? first.slice(loggerSource('').length)
          : t(`log.sources.${first}`);
  const toggle = (source: string) =>
    choose(chosen.includes(source) ? chosen.filter((one) => one !== source) : [...chosen, source]);
  const item = (source: string, name: string, lines: number, isUnder = false) => (
    <Menu.CheckboxItem
      key={source}
      checked={chosen.includes(source)}
      closeMenuOnClick={false}
      onChange={() => toggle(source)}
      rightSection={<span className="num dim">{lines.toLocaleString()}</span>}
    >
      <span className={isUnder ? `mono ${classes.logger}` : undefined}>{name}</span>
    </Menu.CheckboxItem>
  );
  return (
    <Menu position="bottom-start" withinPortal={false}>
      <Menu.Target>
        <Button
          size="xs"
          variant={first === undefined ? 'default' : 'light'}
          rightSection="▾"
          aria-label={`${t('log.sources.title')}: ${label}`}
          classNames={{ label: classes.sourceLabel ?? '' }}
        >
          {label}
        </Button>
      </Menu.Target>
      <Menu.Dropdown className={classes.sources}>
        {KINDS.map((kind) => [
          item(kind, t(`log.sources.${kind}`), sum(kind)),
          ...(kind === 'task'
            ? all.map((one) => item(loggerSource(one.logger), one.logger, one.lines, true))
            : []),
        ])}
        <Menu.Divider />
        <Menu.Item disabled={first === undefined} onClick={() => choose([])}>
          {t('log.sources.clear')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
