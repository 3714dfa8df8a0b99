/** The frame of every page: where one can go, who one is, how times are shown. */
import { ActionIcon, AppShell, Burger, Menu, NavLink, Tooltip, useMantineColorScheme } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { changeHeaders, signInAddress } from '@/api/client';
import { healthQuery, meQuery } from '@/api/queries';
import { useZone } from '@/app/preferences';
import { SECTIONS } from '@/app/sections';
import { useWatched } from '@/app/watched';
import { StateSign } from '@/components/State';
import { LANGUAGES, type Language, speak } from '@/i18n';
import { localZone } from '@/lib/time';
import classes from './Shell.module.css';

const Palette = lazy(() => import('./Palette'));
const Watcher = lazy(() => import('./Watcher'));

async function signOut(): Promise<void> {
  await fetch('/api/windward/v1/session', { method: 'DELETE', headers: changeHeaders() });
  window.location.assign(signInAddress());
}

function Health() {
  const { t } = useTranslation();
  const { data } = useQuery(healthQuery);
  const parts = Object.entries(data ?? {}).filter(([, part]) => part.status != null);
  const bad = parts.filter(([, part]) => part.status !== 'healthy').map(([name]) => name);
  const label = bad.length === 0 ? t('health.good') : t('health.bad', { parts: bad.join(', ') });
  const word = bad.length === 0 ? t('health.short') : bad.join(', ');
  return (
    <Tooltip label={label}>
      <Link
        to="/admin/$section"
        params={{ section: 'workers' }}
        aria-label={`${word}: ${label}`}
        className={classes.health}
      >
        <StateSign state={bad.length === 0 ? 'success' : 'failed'} />
        <span className={classes.healthWord}>{word}</span>
      </Link>
    </Tooltip>
  );
}

/** In which zone times are shown: those nearby, and all others as soon as somebody is about to choose. */
function Zones() {
  const { t } = useTranslation();
  const [zone, setZone] = useZone();
  const [isWanted, setWanted] = useState(false);
  const near = [...new Set(['UTC', localZone(), zone])];
  const far = isWanted ? Intl.supportedValuesOf('timeZone').filter((one) => !near.includes(one)) : [];
  return (
    <select
      aria-label={t('nav.zone')}
      value={zone}
      onPointerEnter={() => setWanted(true)}
      onFocus={() => setWanted(true)}
      onChange={(event) => setZone(event.currentTarget.value)}
      className={classes.zone}
    >
      {near.map((one) => (
        <option key={one}>{one}</option>
      ))}
      {far.length > 0 && <hr />}
      {far.map((one) => (
        <option key={one}>{one}</option>
      ))}
    </select>
  );
}

export function Shell() {
  const { t, i18n } = useTranslation();
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const { pathname } = useLocation();
  const { data: me } = useQuery(meQuery);
  const watched = useWatched();
  const [isAsked, setAsked] = useState(false);
  // The palette opens when it comes; from then on it listens to its keys by itself.
  const openPalette = async () => {
    if (isAsked) (await import('@mantine/spotlight')).spotlight.open();
    else setAsked(true);
  };
  const keys = isAsked ? [] : ['/', 'mod + K'];
  useHotkeys(keys.map((key) => [key, () => void openPalette()]));
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const isAdmin = pathname.startsWith('/admin');
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: 184, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding={0}
      className={classes.shell}
    >
      <a href="#main" className={classes.skip}>
        {t('nav.skip')}
      </a>
      <AppShell.Header className={classes.header}>
        <Burger opened={isOpen} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t('nav.menu')} />
        <Link to="/" className={classes.brand}>
          <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
            <path d="M3 17 12 3v14z" fill="currentColor" />
            <path d="M14 8v9h6z" fill="currentColor" opacity=".55" />
            <path d="M2 20h20" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
          </svg>
          Windward
        </Link>
        <button type="button" className={classes.search} onClick={() => void openPalette()}>
          <span className="cut">{t('nav.search')}</span>
          <kbd>/</kbd>
        </button>
        <div className={classes.right}>
          <Health />
          <Zones />
          <Menu position="bottom-end" width={220}>
            <Menu.Target>
              <ActionIcon variant="subtle" aria-label={t('nav.you')} size="lg">
                <span className={classes.you}>{(me?.username ?? '?').slice(0, 1).toUpperCase()}</span>
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Label>
                {me?.username} · {me?.roles.join(', ')}
              </Menu.Label>
              {(['light', 'dark', 'auto'] as const).map((scheme) => (
                <Menu.Item
                  key={scheme}
                  onClick={() => setColorScheme(scheme)}
                  leftSection={<span className={classes.tick}>{colorScheme === scheme && '✓'}</span>}
                >
                  {t(`scheme.${scheme}`)}
                </Menu.Item>
              ))}
              <Menu.Divider />
              {(Object.entries(LANGUAGES) as [Language, string][]).map(([code, name]) => (
                <Menu.Item
                  key={code}
                  lang={code}
                  onClick={() => void speak(code)}
                  leftSection={<span className={classes.tick}>{i18n.language === code && '✓'}</span>}
                >
                  {name}
                </Menu.Item>
              ))}
              <Menu.Divider />
              <Menu.Item onClick={() => void signOut()}>{t('nav.signOut')}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </div>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar} aria-label={t('nav.menu')}>
        <NavLink component={Link} to="/" label={t('nav.home')} active={pathname === '/'} onClick={close} />
        <NavLink
          component={Link}
          to="/dags"
          label={t('nav.dags')}
          active={pathname.startsWith('/dags')}
          onClick={close}
        />
        <NavLink
          component={Link}
          to="/runs"
          label={t('nav.runs')}
          active={pathname === '/runs'}
          onClick={close}
        />
        <div className={classes.group}>{t('nav.admin')}</div>
        {SECTIONS.map((section) => (
          <NavLink
            key={section}
            renderRoot={(props) => <Link to="/admin/$section" params={{ section }} {...props} />}
            label={t(`admin.${section}.title`)}
            active={isAdmin && pathname === `/admin/${section}`}
            onClick={close}
          />
        ))}
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} className={classes.main}>
        <Outlet />
      </AppShell.Main>
      <Suspense fallback={null}>
        {isAsked && <Palette />}
        {watched.length > 0 && me !== undefined && <Watcher runs={watched} />}
      </Suspense>
    </AppShell>
  );
}
