/** A small part of Markdown, as data: headings, lists, code, emphasis, links. HTML stays the text that it is. */

export type Span =
  | { kind: 'text' | 'code' | 'strong' | 'em'; text: string }
  | { kind: 'link'; text: string; href: string };
export type Block =
  | { kind: 'heading'; level: number; spans: Span[] }
  | { kind: 'paragraph'; spans: Span[] }
  | { kind: 'list'; isOrdered: boolean; items: Span[][] }
  | { kind: 'code'; text: string };

const SPAN =
  /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^()\s]+)\)|(https?:\/\/[^\s<>()]+)/g;
const ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/;

/** Return an address when it leads to the web, else null: nothing else is followed. */
export function webAddress(href: string): string | null {
  try {
    const { protocol } = new URL(href);
    return protocol === 'http:' || protocol === 'https:' ? href : null;
  } catch {
    return null;
  }
}

export function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  let from = 0;
  for (const found of text.matchAll(SPAN)) {
    if (found.index > from) spans.push({ kind: 'text', text: text.slice(from, found.index) });
    const [whole, code, strong, em, label, target, bare] = found;
    if (code !== undefined) spans.push({ kind: 'code', text: code });
    else if (strong !== undefined) spans.push({ kind: 'strong', text: strong });
    else if (em !== undefined) spans.push({ kind: 'em', text: em });
    else {
      const href = webAddress(target ?? bare ?? '');
      spans.push(href === null ? { kind: 'text', text: whole } : { kind: 'link', text: label ?? href, href });
    }
    from = found.index + whole.length;
  }
  if (from < text.length) spans.push({ kind: 'text', text: text.slice(from) });
  return spans;
}

/** Take away the indentation that all lines share: documents are written inside of code. */
function dedent(text: string): string[] {
  const lines = text.replaceAll('\t', '    ').split(/\r?\n/);
  const depths = lines
    .slice(1)
    .flatMap((line) => (line.trim() === '' ? [] : [line.length - line.trimStart().length]));
  const shared = depths.length === 0 ? 0 : Math.min(...depths);
  return lines.map((line, number) =>
    number === 0 ? line.trimStart() : line.slice(Math.min(shared, line.length)),
  );
}

export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const end = () => {
    if (paragraph.length > 0) blocks.push({ kind: 'paragraph', spans: spansOf(paragraph.join(' ')) });
    paragraph = [];
  };
  const lines = dedent(text);
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const heading = /^(#{1,6})\s+(.*?)#*\s*$/.exec(line);
    const item = ITEM.exec(line);
    if (line.trimStart().startsWith('```')) {
      end();
      const code: string[] = [];
      for (at += 1; at < lines.length && !(lines[at] ?? '').trimStart().startsWith('```'); at += 1) {
        code.push(lines[at] ?? '');
      }
      blocks.push({ kind: 'code', text: code.join('\n') });
    } else if (heading !== null) {
      end();
      blocks.push({ kind: 'heading', level: heading[1]?.length ?? 1, spans: spansOf(heading[2] ?? '') });
    } else if (item !== null) {
      end();
      const isOrdered = item[1] !== undefined;
      const last = blocks.at(-1);
      const spans = spansOf(item[2] ?? '');
      const isNext =
        last?.kind === 'list' && last.isOrdered === isOrdered && (lines[at - 1] ?? '').trim() !== '';
      if (isNext) last.items.push(spans);
      else blocks.push({ kind: 'list', isOrdered, items: [spans] });
    } else if (line.trim() === '') end();
    else paragraph.push(line.trim());
  }
  end();
  return blocks;
}
