import type { Place } from '../queries';

/** To be written. */
export function LogView(_props: { place: Place; tryNumber: number; isOver: boolean }) {
  return null;
}
