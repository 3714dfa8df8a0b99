/** The head of a page: where one is, what it is called, what can be done here. */
import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import classes from './Page.module.css';

export interface Crumb {
  label: string;
  to: string;
}

interface PageProps {
  title: ReactNode;
  /** What the browser's tab says. */
  name: string;
  crumbs?: Crumb[];
  actions?: ReactNode;
  /** Whether it is as high as the window, and its parts scroll. */
  isWhole?: boolean;
  children: ReactNode;
}

export function Page({ title, name, crumbs = [], actions, isWhole = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${name} · Windward`;
  }, [name]);
  return (
    <div className={classes.page} data-whole={isWhole || undefined}>
      <header className={classes.head}>
        <div className={classes.titles}>
          {crumbs.length > 0 && (
            <nav className={classes.crumbs} aria-label="breadcrumb">
              {crumbs.map((crumb) => (
                <span key={crumb.to}>
                  <Link to={crumb.to}>{crumb.label}</Link> /{' '}
                </span>
              ))}
            </nav>
          )}
          <h1 className={classes.title}>{title}</h1>
        </div>
        {actions && <div className={classes.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}
