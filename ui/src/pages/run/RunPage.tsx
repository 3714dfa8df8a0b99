/** To be written. */
export function RunPage() {
  return null;
}
