/** The colours and the letters of the theme, for what is drawn and not styled. */

export interface Palette {
  surface: string;
  line: string;
  text: string;
  dim: string;
  accent: string;
  hover: string;
  font: string;
  states: Record<string, string>;
}

/** The colours of the theme as it is now. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const value = (name: string) => style.getPropertyValue(name).trim();
  const names = ['success', 'failed', 'upstream', 'running', 'queued', 'retry', 'waiting', 'skipped', 'none'];
  return {
    surface: value('--ww-surface'),
    line: value('--ww-line'),
    text: value('--ww-text'),
    dim: value('--ww-dim'),
    accent: value('--ww-accent'),
    hover: value('--ww-hover'),
    font: style.fontFamily,
    states: Object.fromEntries(names.map((name) => [name, value(`--state-${name}`)])),
  };
}
