/** The sign of an asset: a store. */
import classes from './Graph.module.css';

export function AssetSign() {
  return (
    <svg viewBox="0 0 12 12" width={12} height={12} aria-hidden="true" className={classes.assetSign}>
      <ellipse cx="6" cy="2.6" rx="4.4" ry="1.7" />
      <path d="M1.6 2.6v6.8c0 .9 2 1.7 4.4 1.7s4.4-.8 4.4-1.7V2.6M1.6 6c0 .9 2 1.7 4.4 1.7s4.4-.8 4.4-1.7" />
    </svg>
  );
}
