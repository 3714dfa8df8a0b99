/** To be written. */
export default function Variables() {
  return null;
}
