/** Shows a document of a DAG. It is made of elements, never of HTML. */
import { useMemo } from 'react';
import { type Block, blocksOf, type Span } from '@/pages/dag/markdown';
import classes from './Dag.module.css';

function Inline({ span }: { span: Span }) {
  switch (span.kind) {
    case 'code':
      return <code className="mono">{span.text}</code>;
    case 'strong':
      return <strong>{span.text}</strong>;
    case 'em':
      return <em>{span.text}</em>;
    case 'link':
      return (
        <a href={span.href} rel="noopener noreferrer" target="_blank">
          {span.text}
        </a>
      );
    default:
      return span.text;
  }
}

function Spans({ spans }: { spans: Span[] }) {
  return spans.map((span, number) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a text that does not change
    <Inline key={number} span={span} />
  ));
}

function Part({ block }: { block: Block }) {
  switch (block.kind) {
    case 'heading':
      return (
        <p className={classes.docHeading} data-level={Math.min(3, block.level)}>
          <Spans spans={block.spans} />
        </p>
      );
    case 'code':
      return <pre className="mono">{block.text}</pre>;
    case 'list': {
      const items = block.items.map((spans, number) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a text that does not change
        <li key={number}>
          <Spans spans={spans} />
        </li>
      ));
      return block.isOrdered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    default:
      return (
        <p>
          <Spans spans={block.spans} />
        </p>
      );
  }
}

export function Markdown({ text }: { text: string }) {
  const blocks = useMemo(() => blocksOf(text), [text]);
  return (
    <div className={classes.doc}>
      {blocks.map((block, number) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a text that does not change
        <Part key={number} block={block} />
      ))}
    </div>
  );
}

/** The same within a line of words: a part after the other, none of them a block of its own. */
export function MarkdownLine({ text }: { text: string }) {
  const blocks = useMemo(() => blocksOf(text), [text]);
  const lines = blocks.flatMap((block): Span[][] =>
    block.kind === 'code'
      ? [[{ kind: 'code', text: block.text }]]
      : block.kind === 'list'
        ? block.items.map((spans) => [{ kind: 'text', text: '· ' }, ...spans])
        : [block.spans],
  );
  return lines.map((spans, number) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a text that does not change
    <span key={number} className={classes.docLine}>
      <Spans spans={spans} />
    </span>
  ));
}
