/** A part of the first page, with its name and what is said beside it. */
import type { ReactNode } from 'react';
import classes from './Home.module.css';

interface Props {
  title: string;
  note?: ReactNode;
  /** Whether it has the whole width of the page. */
  isWide?: boolean;
  children: ReactNode;
}

export function Panel({ title, note, isWide = false, children }: Props) {
  return (
    <section className={`card ${classes.panel}`} data-wide={isWide || undefined} aria-label={title}>
      <header className={classes.panelHead}>
        <h2>{title}</h2>
        <span className="dim num">{note}</span>
      </header>
      {children}
    </section>
  );
}
