/** To be written. */
export default function Connections() {
  return null;
}
