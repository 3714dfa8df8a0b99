/** The colours of code: each is read on its ground. */
import { defaultHighlightStyle } from '@codemirror/language';

const DARK: Record<string, string> = {
  '#404740': '#9aa4b1',
  '#708': '#c792ea',
  '#219': '#82aaff',
  '#164': '#8fd19e',
  '#a11': '#f0a58f',
  '#e40': '#ffb86c',
  '#00f': '#82aaff',
  '#30a': '#b394f0',
  '#085': '#7fd6c2',
  '#167': '#7fd6c2',
  '#256': '#8ccfe0',
  '#00c': '#9cc4ff',
  '#940': '#98a2af',
  '#f00': '#ff7a6e',
};

/** The one that is too pale on white. */
const LIGHT: Record<string, string> = { '#e40': '#b34700' };

const marks = (colours: Record<string, string>) =>
  defaultHighlightStyle.specs.map((spec) => ({
    ...spec,
    ...(typeof spec.color === 'string' ? { color: colours[spec.color] ?? spec.color } : {}),
  }));

export const darkMarks = marks(DARK);
export const lightMarks = marks(LIGHT);
