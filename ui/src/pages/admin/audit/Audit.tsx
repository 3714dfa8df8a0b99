/** To be written. */
export default function Audit() {
  return null;
}
