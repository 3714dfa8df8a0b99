/** To be written. */
export default function ImportErrors() {
  return null;
}
