/** A text of Python, to read and to search in. */
import { python } from '@codemirror/lang-python';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { EditorState } from '@codemirror/state';
import { EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { darkMarks, lightMarks } from '@/pages/dag/code/marks';
import classes from './Code.module.css';

const theme = (isDark: boolean) =>
  EditorView.theme(
    {
      '&': { backgroundColor: 'var(--ww-surface)', color: 'var(--ww-text)', fontSize: '13px' },
      '.cm-scroller': { fontFamily: 'var(--ww-mono)', lineHeight: '1.55' },
      '.cm-gutters': {
        backgroundColor: 'var(--ww-surface)',
        color: 'var(--ww-dim)',
        borderRight: '1px solid var(--ww-line)',
      },
      '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--ww-hover)' },
      '.cm-panels': { backgroundColor: 'var(--ww-hover)', color: 'var(--ww-text)' },
      '.cm-cursor': { borderLeftColor: 'var(--ww-text)' },
    },
    { dark: isDark },
  );

export function Source({ text, label }: { text: string; label: string }) {
  const place = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light');
  useEffect(() => {
    if (place.current === null) return;
    const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
    const isDark = scheme === 'dark';
    const view = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: text,
        extensions: [
          EditorView.cspNonce.of(nonce),
          EditorState.readOnly.of(true),
          EditorView.contentAttributes.of({ 'aria-label': label, 'aria-readonly': 'true', tabindex: '0' }),
          lineNumbers(),
          highlightActiveLine(),
          highlightSelectionMatches(),
          search({ top: true }),
          keymap.of(searchKeymap),
          python(),
          syntaxHighlighting(HighlightStyle.define(isDark ? darkMarks : lightMarks)),
          theme(isDark),
        ],
      }),
    });
    return () => view.destroy();
  }, [text, label, scheme]);
  return <div ref={place} className={classes.source} />;
}
