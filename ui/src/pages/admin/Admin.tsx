/** To be written. */
export function Admin() {
  return null;
}
