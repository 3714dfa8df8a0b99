/** To be written. */
export default function Settings() {
  return null;
}
