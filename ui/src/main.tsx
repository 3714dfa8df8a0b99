/** Where it begins: words first, then the pages. */
import '@mantine/core/styles.css';
import './styles.css';
import { createTheme, MantineProvider } from '@mantine/core';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from '@/api/client';
import { Preferences } from '@/app/preferences';
import { router } from '@/app/router';
import { Told, tellFailure } from '@/app/telling';
import { startWords } from '@/i18n';

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
// The name by which what locks the scrolling behind dialogs asks for it.
Object.assign(globalThis, { __webpack_nonce__: nonce });
const TRIES_MAX = 2;
const RELOADED = 'windward.reloaded';
const RELOAD_EVERY_MS = 10_000;

const theme = createTheme({
  colors: {
    // From words to the ground, as `styles.css` has them for the dark scheme.
    dark: [
      '#e6e9ed',
      '#c9d0d8',
      '#9aa4b1',
      '#8a95a3',
      '#3a424c',
      '#2d333b',
      '#232930',
      '#1a1e23',
      '#13161a',
      '#0e1013',
    ],
  },
  primaryColor: 'blue',
  // Dark enough for white words on it, in both schemes.
  primaryShade: 8,
  defaultRadius: 'sm',
  fontFamily: 'var(--ww-font)',
  fontFamilyMonospace: 'var(--ww-mono)',
  cursorType: 'pointer',
});

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      retry: (count, error) =>
        count < TRIES_MAX && error instanceof ApiError && [0, 502, 503, 504].includes(error.status),
      refetchOnWindowFocus: true,
    },
  },
  queryCache: new QueryCache(),
  mutationCache: new MutationCache({
    // A dialog that says it itself is enough.
    onError: (error, _values, _before, mutation) => {
      if (mutation.meta?.isTold !== true) tellFailure(error);
    },
  }),
});

// A page from before an update asks for files that are gone: it begins anew, once in a while.
window.addEventListener('vite:preloadError', (event) => {
  const last = Number(sessionStorage.getItem(RELOADED) ?? 0);
  if (Date.now() - last < RELOAD_EVERY_MS) return;
  event.preventDefault();
  sessionStorage.setItem(RELOADED, String(Date.now()));
  window.location.reload();
});

await startWords();
const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
        <Told />
        <QueryClientProvider client={queries}>
          <Preferences>
            <RouterProvider router={router} />
          </Preferences>
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
