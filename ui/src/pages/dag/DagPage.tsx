/** To be written. */
export function DagPage() {
  return null;
}
