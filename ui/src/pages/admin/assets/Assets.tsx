/** To be written. */
export default function Assets() {
  return null;
}
